import { type QuizGame, type QuizPlayer, Role, failureOf } from "../client/index.js";
import { byId, make, write } from "./elements.js";
import { Note } from "./note.js";
import { figure, percent } from "./numbers.js";
import { announcementOf, headingOf, wordsOfGame } from "./quiz-words.js";
import { sentenceOf } from "./sentences.js";

/** How often the time that is left is looked at, in ms. */
const TICK = 200;
/** From when on the countdown presses, in ms. */
const PRESSING = 3_000;

/** Roles that play. The host knows the answers. */
const ROLES = new Set([Role.VIEWER, Role.MODERATOR]);

/** What the quiz needs of the page. */
export interface QuizSurroundings {
  player(): QuizPlayer;
  /** The server's clock, in ms since 1970. */
  now(): number;
  /** As what the reader is in the room. */
  role(): Role;
}

/** The quiz: a question with its time, what was answered, what was right, and who won. */
export class QuizCard {
  #card = byId("quiz");
  #time = byId("quiz-time");
  #text = byId("quiz-text");
  #options = byId("quiz-options");
  #says = byId("quiz-says");
  #announcement = byId("quiz-announcement");
  #revive = byId<HTMLButtonElement>("quiz-revive");
  #close = byId<HTMLButtonElement>("quiz-close");
  #note = new Note(byId("quiz-note"));
  #game: QuizGame | undefined;
  /** The question whose options are on the screen. */
  #drawn = "";
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly page: QuizSurroundings) {
    this.#revive.addEventListener("click", () => void this.#attempt(this.page.player().revive()));
    this.#close.addEventListener("click", () => {
      this.left();
      byId("chat-scroller").focus();
    });
  }

  /** Shows a quiz as it is; undefined: there is none. */
  show(game: QuizGame | undefined): void {
    if (!game) return this.left();
    if (this.#game !== game) this.left();
    this.#game = game;
    this.#card.hidden = false;
    this.#card.dataset.phase = game.phase;
    this.#ask(game);
    this.#draw(game);
    this.#keepTime();
  }

  /** Takes the quiz off the screen. */
  left(): void {
    this.#game = undefined;
    this.#drawn = "";
    this.#card.hidden = true;
    this.#note.say("");
    write(this.#announcement, "");
    this.#keepTime();
  }

  /** Puts a question on the screen, once. */
  #ask(game: QuizGame): void {
    const drawn = `${game.quizId}/${game.number}/${game.question ? "" : "?"}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const { text, options } = game.question ?? { text: "", options: [] };
    const held = this.#card.contains(document.activeElement);
    write(this.#text, text);
    this.#options.replaceChildren(...options.map((option, i) => this.#option(option, i + 1)));
    // Who was in the card stays there; nobody is fetched from elsewhere.
    if (held) this.#text.focus();
    this.#note.say("");
    write(this.#announcement, announcementOf(game, this.page.now()));
  }

  #option(text: string, option: number): HTMLLIElement {
    const button = make("button", "option");
    button.type = "button";
    button.append(
      make("span", "fill"),
      make("span", "words", text),
      make("small", "share"),
      make("small", "verdict"),
    );
    button.addEventListener("click", () => {
      if (this.#mayAnswer()) void this.#attempt(this.page.player().answer(option));
    });
    const item = make("li");
    item.append(button);
    return item;
  }

  #draw(game: QuizGame): void {
    const now = this.page.now();
    write(byId("quiz-heading"), headingOf(game));
    this.#text.hidden = this.#options.hidden = game.isOver || !game.question;
    write(this.#says, this.#plays || game.phase !== "asked" ? wordsOfGame(game, now) : "");
    const given = game.tally?.answers ?? [];
    const all = given.reduce((sum, n) => sum + n, 0n);
    [...this.#options.querySelectorAll<HTMLElement>("button")].forEach((button, i) => {
      drawOption(button, game, i + 1, this.#mayAnswer());
      const share = percent(given[i] ?? 0n, all);
      write(
        button.querySelector(".share")!,
        game.tally ? `${figure(given[i] ?? 0n)} · ${Math.round(share)} %` : "",
      );
      button.style.setProperty("--share", `${share}%`);
    });
    this.#offerRevive(now < game.mayReviveUntil);
    this.#close.hidden = !game.isOver;
  }

  /** A focus on the button stays in the card when it goes. */
  #offerRevive(offered: boolean): void {
    if (!offered && document.activeElement === this.#revive) this.#text.focus();
    this.#revive.hidden = !offered;
  }

  get #plays(): boolean {
    return ROLES.has(this.page.role());
  }

  #mayAnswer(): boolean {
    return this.#plays && (this.#game?.mayAnswer(this.page.now()) ?? false);
  }

  async #attempt(act: Promise<void>): Promise<void> {
    const game = this.#game;
    this.#note.say("");
    try {
      await act;
    } catch (thrown) {
      if (game === this.#game) this.#note.say(sentenceOf(failureOf(thrown)));
    }
  }

  /** Counts down while there is something to count. */
  #keepTime(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const left = this.#left();
    write(this.#time, left > 0 ? `${Math.ceil(left / 1_000)} s` : "");
    this.#time.classList.toggle("pressing", left > 0 && left <= PRESSING);
    if (left > 0) this.#timer = setInterval(() => this.#tick(), TICK);
  }

  #tick(): void {
    const game = this.#game;
    if (!game) return;
    if (this.#left() <= 0) this.#draw(game);
    this.#keepTime();
  }

  /** The time that is left to answer, or to come back in, in ms. */
  #left(): number {
    const game = this.#game;
    if (!game) return 0;
    const until = game.phase === "asked" ? (game.question?.until ?? 0) : game.mayReviveUntil;
    return Math.max(0, until - this.page.now());
  }
}

/** Shows on an option what became of it. */
function drawOption(button: HTMLElement, game: QuizGame, option: number, open: boolean): void {
  const isChoice = game.choice === option;
  const isRight = game.correct.includes(option);
  const revealed = game.phase === "revealed";
  button.setAttribute("aria-pressed", String(isChoice));
  // Disabled buttons would lose the focus.
  button.setAttribute("aria-disabled", String(!open));
  button.classList.toggle("right", revealed && isRight);
  button.classList.toggle("wrong", revealed && isChoice && !isRight);
  const marks = [...(revealed && isRight ? ["✓ right"] : []), ...(isChoice ? ["your answer"] : [])];
  write(button.querySelector(".verdict")!, marks.join(", "));
}
