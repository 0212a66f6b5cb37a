import {
  type Failure,
  type Gift,
  type GiftCounters,
  type GiftShop,
  type Room,
  ErrorReason,
  Role,
  failureOf,
  isUnsure,
  randomId,
} from "../client/index.js";
import { byId, make, write } from "./elements.js";
import { GiftBoard } from "./gift-board.js";
import { Note } from "./note.js";
import { coins } from "./numbers.js";
import { sentenceOf } from "./sentences.js";

/** Roles that watch, and give. What they really may do is for the server to decide. */
const ROLES = new Set([Role.VIEWER, Role.MODERATOR]);

/**
 * What is answered only once it is certain that the payment was not made. Any other refusal, such as
 * one for calling too often, says nothing of an earlier try.
 */
const SETTLED: ReadonlySet<ErrorReason> = new Set([
  ErrorReason.INSUFFICIENT_FUNDS,
  ErrorReason.GIFT_NOT_FOUND,
  ErrorReason.GIFT_PRICE_CHANGED,
  ErrorReason.REQUEST_ID_REUSED,
]);

/** What the gifts need of the page. */
export interface GiftSurroundings {
  shop(): GiftShop;
  /** Who gives; empty where it is not known. */
  userId(): string;
  /** As what they are in the room. */
  role(): Role;
}

/** The room's gifts: what was given, and a row of what the reader can give. */
export class Gifts {
  #card = byId("gifts");
  #give = byId<HTMLDetailsElement>("give");
  #row = byId("give-gifts");
  #balance = byId("give-balance");
  #note = new Note(byId("give-note"));
  #board = new GiftBoard();
  #catalogue: readonly Gift[] = [];
  #hostId = "";
  #busy = false;
  /** The ids of payments of which nobody knows yet what became of them, by gift: the same again pays once. */
  #open = new Map<string, string>();

  constructor(private readonly page: GiftSurroundings) {
    // The balance is read by those who look at it, not by everyone who comes in.
    this.#give.addEventListener("toggle", () => {
      if (this.#give.open) void this.#lookUp();
    });
  }

  /** Shows what can be given. */
  catalogue(gifts: readonly Gift[]): void {
    this.#catalogue = gifts;
    this.#drawRow();
    this.#showParts();
  }

  /** Shows what was given. */
  counters(counters: GiftCounters): void {
    this.#board.show(counters);
    this.#showParts();
  }

  /** Learns to whom gifts go. */
  room(room: Room): void {
    this.#hostId = room.hostId;
    this.#showParts();
  }

  /** Whoever is here now gives, or not. */
  entered(): void {
    this.#showParts();
  }

  /** Takes everything off the screen. */
  left(): void {
    this.#board.clear();
    this.#catalogue = [];
    this.#open.clear();
    this.#give.open = false;
    this.#note.say("");
    write(this.#balance, "");
    this.#showParts();
  }

  /** Whether the reader can give something: there is a host, and it is not they. */
  get #gives(): boolean {
    const isOther = this.#hostId !== "" && this.#hostId !== this.page.userId();
    return isOther && this.#catalogue.length > 0 && ROLES.has(this.page.role());
  }

  #showParts(): void {
    this.#give.hidden = !this.#gives;
    this.#card.hidden = this.#board.isEmpty && !this.#gives;
  }

  #drawRow(): void {
    const held = document.activeElement instanceof HTMLElement && document.activeElement.dataset.gift;
    this.#row.replaceChildren(...this.#catalogue.map((gift) => this.#button(gift)));
    if (held) this.#row.querySelector<HTMLElement>(`[data-gift="${CSS.escape(held)}"]`)?.focus();
  }

  #button(gift: Gift): HTMLButtonElement {
    const button = make("button", "", gift.name);
    button.type = "button";
    button.dataset.gift = gift.giftId;
    button.append(" ", make("small", "", coins(gift.price)));
    button.addEventListener("click", () => void this.#send(gift));
    return button;
  }

  async #lookUp(): Promise<void> {
    try {
      this.#showBalance(await this.page.shop().balance());
    } catch (thrown) {
      this.#note.say(sentenceOf(failureOf(thrown)));
    }
  }

  #showBalance(balance: bigint): void {
    write(this.#balance, balance > 0n ? `You have ${coins(balance)}.` : "You have no coins.");
    for (const button of this.#row.querySelectorAll<HTMLElement>("button")) {
      const gift = this.#catalogue.find(({ giftId }) => giftId === button.dataset.gift);
      button.classList.toggle("dear", gift !== undefined && gift.price > balance);
    }
  }

  async #send(gift: Gift): Promise<void> {
    if (this.#busy) return;
    const shop = this.page.shop();
    const id = this.#open.get(gift.giftId) ?? randomId();
    this.#open.set(gift.giftId, id);
    this.#setBusy(true);
    try {
      const { balance } = await shop.give(gift, { requestId: id });
      this.#open.delete(gift.giftId);
      this.#showBalance(balance);
      this.#note.say(`You gave ${gift.name}.`);
    } catch (thrown) {
      this.#refused(gift, failureOf(thrown));
    } finally {
      this.#setBusy(false);
    }
  }

  #refused(gift: Gift, failure: Failure): void {
    if (SETTLED.has(failure.reason)) this.#open.delete(gift.giftId);
    this.#note.say(
      isUnsure(failure)
        ? "No answer came. Try again: if it was paid, it is not paid twice."
        : sentenceOf(failure),
    );
    if (failure.reason === ErrorReason.INSUFFICIENT_FUNDS) void this.#lookUp();
    if (OUTDATED.has(failure.reason)) void this.#renew();
  }

  /** Fetches the catalogue anew: it is not what is shown. */
  async #renew(): Promise<void> {
    const shop = this.page.shop();
    const gifts = await shop.gifts().catch(() => undefined);
    if (gifts && shop === this.page.shop()) this.catalogue(gifts);
  }

  #setBusy(busy: boolean): void {
    this.#busy = busy;
    // Disabled buttons would lose the focus.
    this.#row.toggleAttribute("data-busy", busy);
    this.#row.setAttribute("aria-busy", String(busy));
  }
}

const OUTDATED = new Set([ErrorReason.GIFT_NOT_FOUND, ErrorReason.GIFT_PRICE_CHANGED]);
