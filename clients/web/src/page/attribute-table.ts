import type { Attribute, AttributeDelta } from "../client/index.js";
import { byId, make, write } from "./elements.js";
import { onceAFrame } from "./once-a-frame.js";

/** Longest value that is shown, in characters. */
const LONGEST = 200;

/** The room's attributes, in order of key; what changes flashes. */
export class AttributeTable {
  #rows = new Map<string, HTMLTableRowElement>();
  #waiting = new Map<string, Attribute | undefined>();
  #draw = onceAFrame(() => this.#drawWaiting());
  #body = byId<HTMLTableSectionElement>("attributes");
  #count = byId("attributes-count");
  #empty = byId("attributes-empty");

  /** `remove` is called with a key that its owner wants gone; `isOwn` says whether a user is the reader. */
  constructor(
    private readonly isOwn: (userId: string) => boolean,
    private readonly remove: (key: string) => void,
  ) {}

  /** Shows what changed. */
  show(deltas: AttributeDelta[]): void {
    for (const { key, attribute } of deltas) this.#waiting.set(key, attribute);
    this.#draw();
  }

  #drawWaiting(): void {
    for (const [key, attribute] of this.#waiting) {
      if (attribute) this.#set(attribute);
      else this.#delete(key);
    }
    this.#waiting.clear();
    write(this.#count, this.#rows.size ? String(this.#rows.size) : "");
    this.#empty.hidden = this.#rows.size > 0;
  }

  #set(attribute: Attribute): void {
    const { key, ownerId } = attribute;
    const text = textOf(attribute.value);
    const value = make("td", "value");
    value.append(make("span", "", text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text));
    value.title = text;
    const actions = make("td", "actions");
    if (ownerId && this.isOwn(ownerId)) actions.append(this.#button(key));
    const header = make("th", "", key);
    header.scope = "row";
    const owner = make("td", "owner", ownerId || "the room");
    owner.title = ownerId || "Nobody's: it is the room's own";
    const row = this.#rows.get(key) ?? this.#insert(key);
    row.replaceChildren(header, value, owner, actions);
    flash(row);
  }

  #insert(key: string): HTMLTableRowElement {
    const row = make("tr");
    row.dataset.key = key;
    const next = [...this.#body.rows].find((other) => (other.dataset.key ?? "") > key);
    this.#body.insertBefore(row, next ?? null);
    this.#rows.set(key, row);
    return row;
  }

  #delete(key: string): void {
    this.#rows.get(key)?.remove();
    this.#rows.delete(key);
  }

  #button(key: string): HTMLButtonElement {
    const button = make("button", "plain", "✕");
    button.title = "Delete";
    button.type = "button";
    button.setAttribute("aria-label", `Delete ${key}`);
    button.addEventListener("click", () => this.remove(key));
    return button;
  }
}

function flash(row: HTMLElement): void {
  row.animate([{ backgroundColor: "var(--flash)" }, { backgroundColor: "transparent" }], {
    duration: 1_400,
    easing: "ease-out",
  });
}

/** A value as text; bytes that are none are counted instead. */
function textOf(value: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(value);
  } catch {
    return `${value.length} bytes`;
  }
}
