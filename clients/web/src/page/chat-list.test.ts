import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Message, MessageSchema } from "../client/index.js";
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
});
