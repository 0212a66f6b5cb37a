import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Message, MessageSchema } from "../client/index.js";
import { gifted } from "../client/testing/fake-gifts.js";
import { ChatList } from "./chat-list.js";

/** As much of an element as the chat touches. */
class FakeElement {
  className = "";
  hidden = false;
  style = { setProperty: () => {} };
  classList = { add: () => {}, remove: () => {} };
  #text = "";
  #children: FakeElement[] = [];
  #parent: FakeElement | undefined;

  get textContent(): string {
    return this.#text + this.#children.map((child) => child.textContent).join("");
  }

  set textContent(text: string) {
    this.#text = text;
    this.#children = [];
  }

  get texts(): string[] {
    return this.#children.map((child) => child.textContent);
  }

  append(...nodes: (FakeElement | string)[]): void {
    for (const node of nodes) {
      const child = typeof node === "string" ? new FakeElement() : node;
      if (typeof node === "string") child.textContent = node;
      child.#parent = this;
      this.#children.push(child);
    }
  }

  remove(): void {
    const parent = this.#parent;
    if (parent) parent.#children = parent.#children.filter((child) => child !== this);
  }

  replaceWith(other: FakeElement): void {
    const parent = this.#parent;
    if (!parent) return;
    other.#parent = parent;
    parent.#children = parent.#children.map((child) => (child === this ? other : child));
  }

  querySelector(selector: string): FakeElement | null {
    return this.#children.find((child) => `.${child.className}` === selector) ?? null;
  }

  contains(other: unknown): boolean {
    return other === this || this.#children.some((child) => child.contains(other));
  }

  focus(): void {
    focused = this;
  }

  addEventListener(): void {}
}

let focused: FakeElement | undefined;

let draws: (() => void)[];
let list: FakeElement;
let scroller: FakeElement;
let chat: ChatList;
/** What was put on the lines. */
let buttons: FakeElement[];

function button(line: FakeElement): FakeElement {
  const made = new FakeElement();
  line.append(made);
  return made;
}

beforeEach(() => {
  draws = [];
  buttons = [];
  focused = undefined;
  vi.stubGlobal("document", {
    createElement: () => new FakeElement(),
    get activeElement() {
      return focused ?? null;
    },
  });
  vi.stubGlobal("requestAnimationFrame", (draw: () => void) => draws.push(draw));
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe(): void {}
    },
  );
  list = new FakeElement();
  scroller = new FakeElement();
  const others = [new FakeElement(), new FakeElement(), (line: FakeElement) => buttons.push(button(line))];
  chat = new ChatList(...([list, scroller, ...others] as unknown as ConstructorParameters<typeof ChatList>));
});

afterEach(() => vi.unstubAllGlobals());

/** Draws a frame. */
function frame(): void {
  for (const draw of draws.splice(0)) draw();
}

function said(text: string, clientMessageId = ""): Message {
  return create(MessageSchema, { text, clientMessageId, senderId: "ada" });
}

const many = (n: number) => Array.from({ length: n }, (_, i) => said(`count ${i + 1}`));

describe("ChatList", () => {
  it("shows an own message once, as the room says it", () => {
    chat.echo("mine", "ada", "hello");
    expect(chat.show([said("h***o", "mine"), said("welcome")])).toHaveLength(1);
    frame();
    expect(list.texts).toEqual(["You h***o", "ada welcome"]);
  });

  it("shows an own message as the answer says that it was altered, once", () => {
    chat.echo("mine", "ada", "hello");
    chat.alter("mine", "h***o");
    frame();
    expect(list.texts).toEqual(["You h***o"]);
    expect(chat.show([said("h***o", "mine")])).toHaveLength(0);
    chat.alter("mine", "too late");
    expect(list.texts).toEqual(["You h***o"]);
  });

  it("takes the focus off a line that goes", () => {
    chat.show(many(200));
    frame();
    buttons.at(-1)!.focus();
    chat.show(many(100));
    frame();
    expect(focused).toBe(buttons[199]);
    chat.show(many(150));
    frame();
    expect(focused).toBe(scroller);
  });

  it("keeps the latest lines", () => {
    chat.show(many(150));
    frame();
    chat.show(many(100));
    frame();
    expect(list.texts).toHaveLength(200);
    expect(list.texts[0]).toBe("ada count 51");
    expect(list.texts.at(-1)).toBe("ada count 100");
  });

  it.each([true, false])("shows an own message whose echo has had to go; drawn by then: %s", (drawn) => {
    chat.echo("mine", "ada", "hello");
    if (drawn) frame();
    chat.show(many(200));
    if (drawn) frame();
    expect(chat.show([said("hello", "mine")])).toHaveLength(1);
    frame();
    expect(list.texts).toHaveLength(200);
    expect(list.texts.at(-1)).toBe("ada hello");
  });

  describe("gifts", () => {
    const combo = (sequence: number, count: number, comboCount: number, comboId = "c") =>
      gifted(sequence, {
        giftId: "rose",
        name: "Rose",
        count: BigInt(count),
        comboId,
        comboCount: BigInt(comboCount),
      });

    it("are said with how many, and of a combo with how many so far, in one line", () => {
      expect(chat.show([gifted(1, { name: "Rose", count: 3n }), combo(2, 2, 2)])).toHaveLength(2);
      frame();
      expect(chat.show([combo(3, 1, 3), said("wow")])).toHaveLength(1);
      frame();
      expect(list.texts).toEqual(["ada sent 3 × Rose", "ada sent 3 × Rose", "ada wow"]);
      chat.show([combo(5, 4, 9), combo(4, 2, 5), combo(6, 1, 1, "another")]);
      frame();
      expect(list.texts).toEqual(["ada sent 3 × Rose", "ada sent 9 × Rose", "ada wow", "ada sent 1 × Rose"]);
    });

    it("grow before they are drawn, and begin a line where theirs has gone", () => {
      chat.show([combo(1, 1, 1), combo(2, 1, 2)]);
      frame();
      expect(list.texts).toEqual(["ada sent 2 × Rose"]);
      chat.recall([10n]); // it no longer stands for the first
      expect(list.texts).toHaveLength(1);
      chat.recall([20n]);
      expect(list.texts).toEqual([]);
      expect(chat.show([combo(3, 1, 3)])).toHaveLength(1);
      chat.show(many(200));
      frame();
      expect(chat.show([combo(4, 1, 4)])).toHaveLength(1);
      frame();
      expect(list.texts.at(-1)).toBe("ada sent 4 × Rose");
    });

    it("take the focus off a line that grows", () => {
      chat.show([combo(1, 1, 1)]);
      frame();
      buttons.at(-1)!.focus();
      chat.show([combo(2, 1, 2)]);
      expect(focused).toBe(scroller);
    });

    it("that nobody can read are said all the same", () => {
      chat.show([{ ...combo(1, 1, 1), payload: new Uint8Array([255]) }]);
      frame();
      expect(list.texts).toEqual(["ada sent a gift"]);
    });
  });
});
