import { type QuizGame, PlayerStatus, QuestionOutcome } from "../client/index.js";
import { coins, counted, figure } from "./numbers.js";

/** What stands over the quiz. */
export function headingOf(game: QuizGame): string {
  if (game.phase === "finished") return "The quiz is over";
  if (game.phase === "cancelled") return "The quiz was called off";
  return `Question ${game.number}${game.question?.last ? ", the last" : ""}`;
}

/** What there is to say to the viewer, at an instant of the server's clock. */
export function wordsOfGame(game: QuizGame, now: number): string {
  switch (game.phase) {
    case "asked":
      return wordsWhileAsked(game, now);
    case "closed":
      return sentences(wordsOfChoice(game) || "Time is up.", "The answer comes soon.");
    case "revealed":
      return sentences(wordsOfOutcome(game, now), wordsOfRest(game));
    case "finished":
      return wordsOfFinish(game);
    case "cancelled":
      return sentences(game.reason, "There are no winners.");
  }
}

function wordsWhileAsked(game: QuizGame, now: number): string {
  if (game.sending) return "Sending your answer …";
  if (game.choice) return wordsOfChoice(game);
  if (game.status === PlayerStatus.OUT) return "You are out, and watch.";
  if (game.status === PlayerStatus.SPECTATOR) return "You are not in this quiz, and watch.";
  if (!game.question) return "";
  if (now >= game.question.until) return "Time is up.";
  const { remaining } = game.question;
  return remaining > 0n ? `Choose one. ${figure(remaining)} still in.` : "Choose one.";
}

function wordsOfChoice({ choice, question }: QuizGame): string {
  const option = question?.options[choice - 1];
  return option === undefined ? "" : `You answered “${option}”.`;
}

/** What the question did to the viewer; empty: nothing, or nobody has said. */
function wordsOfOutcome(game: QuizGame, now: number): string {
  const { outcome } = game;
  switch (outcome?.outcome) {
    case QuestionOutcome.RIGHT:
      return "Right: you are through!";
    case QuestionOutcome.EXCUSED:
      return "The question did not reach you in time: you are through.";
    case QuestionOutcome.REVIVED_WRONG:
      return `Wrong, but a revive keeps you in. ${wordsOfRevives(game)}`;
    case QuestionOutcome.REVIVED_MISSED:
      return `You did not answer, but a revive keeps you in. ${wordsOfRevives(game)}`;
    case QuestionOutcome.OUT_WRONG:
      return wordsOfOut(game, now, "Wrong");
    case QuestionOutcome.OUT_MISSED:
      return wordsOfOut(game, now, "You did not answer");
    default:
      return "";
  }
}

function wordsOfOut(game: QuizGame, now: number, why: string): string {
  if (game.status === PlayerStatus.PLAYING) return `${why}, but you are back in. ${wordsOfRevives(game)}`;
  if (now >= game.mayReviveUntil) return `${why}: you are out.`;
  return `${why}: you are out, but you can come back. ${wordsOfRevives(game)}`;
}

function wordsOfRevives({ revivesLeft }: QuizGame): string {
  return `You have ${revivesLeft === 0 ? "no revive" : counted(revivesLeft, "revive")} left.`;
}

function wordsOfRest({ tally }: QuizGame): string {
  return tally?.evaluated ? `${figure(tally.remaining)} still in.` : "";
}

function wordsOfFinish({ finish }: QuizGame): string {
  const { won = false, prize = 0n, result } = finish ?? {};
  const winners = result?.winners ?? 0n;
  const pot = result?.pot ?? 0n;
  if (winners === 0n) return "Nobody won.";
  const others =
    pot > 0n ? `${counted(winners, "winner")}, ${coins(pot)} in the pot.` : `${counted(winners, "winner")}.`;
  if (!won) return others;
  return sentences(prize > 0n ? `You won ${coins(prize)}!` : "You won!", others);
}

/** What is read to who listens when a question appears. */
export function announcementOf(game: QuizGame, now: number): string {
  if (!game.question) return "";
  const left = Math.max(0, Math.round((game.question.until - now) / 1_000));
  const time = game.phase === "asked" && left > 0 ? ` You have ${counted(left, "second")}.` : "";
  return `${headingOf(game)}. ${game.question.text}${time}`;
}

function sentences(...parts: string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}
