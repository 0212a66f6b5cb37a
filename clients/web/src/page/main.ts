import {
  type RoomObserver,
  type Token,
  type TokenSource,
  MessageKind,
  RoomClient,
  dialWeb,
  sayGoodbye,
} from "../client/index.js";
import { AttributeTable } from "./attribute-table.js";
import { ChatList } from "./chat-list.js";
import { stageWordsOf } from "./chat-line.js";
import { Composer } from "./composer.js";
import { Credentials } from "./credentials.js";
import { Danmaku } from "./danmaku.js";
import { byId, write } from "./elements.js";
import { setUpDanmakuSwitch } from "./danmaku-switch.js";
import { Gifts } from "./gifts.js";
import { Moderation } from "./moderation.js";
import { QuizCard } from "./quiz-card.js";
import { setUpSetter } from "./setter.js";
import { Status } from "./status.js";
import { Veil } from "./veil.js";

const home = location.origin;
const roomId = new URLSearchParams(location.search).get("room") || "demo";

/** The token that calls are made with; undefined until there is one. */
let token: Token | undefined;
/** What comes before the connection is live is the past: it is not shot over the stage. */
let live = false;
/** The reader has been in the room since they last entered. */
let wasThere = false;

const credentials = new Credentials(roomId);
const userId = () => token?.userId ?? "";
const status = new Status();
const veil = new Veil(
  (given) => start(credentials.paste(given)),
  () => start(),
);
const moderation = new Moderation(
  { moderator: () => client.moderator, userId, role: () => client.role },
  byId("chat"),
  byId("chat-scroller"),
);
const chat = new ChatList(
  byId("chat"),
  byId("chat-scroller"),
  byId("chat-newest"),
  byId("chat-empty"),
  (line, message) => moderation.equip(line, message),
);
const danmaku = new Danmaku(byId("danmaku"));
const table = new AttributeTable(
  (id) => id === userId(),
  setUpSetter(() => client),
);
const gifts = new Gifts({ shop: () => client.shop, userId, role: () => client.role });
const quiz = new QuizCard({
  player: () => client.player,
  now: () => client.clock.now(),
  role: () => client.role,
});
setUpDanmakuSwitch(danmaku);
const composer = new Composer({ client: () => client, chat, danmaku, userId });
for (const place of document.querySelectorAll<HTMLElement>("[data-room]")) write(place, roomId);

const observer: RoomObserver = {
  onState: (state) => {
    status.state(state);
    live = state.phase === "live";
    if (live) entered();
    if (state.phase !== "stopped") return;
    if (state.why === "token-refused" || state.why === "token-expired") credentials.drop();
    moderation.left();
    veil.lower(state, roomId, wasThere);
  },
  onMessages: (messages, reset) => {
    if (reset) {
      chat.clear();
      chat.notice("The server restarted: the room begins anew.");
    }
    const fresh = chat.show(messages);
    if (!live || reset) return;
    for (const message of fresh) {
      if (message.kind !== MessageKind.SYSTEM) danmaku.shoot(stageWordsOf(message), message.style);
    }
  },
  onRecalls: (timestamps) => chat.recall(timestamps),
  onAttributes: (deltas) => table.show(deltas),
  onOnline: (online) => status.online(online),
  onRoom: (room) => {
    status.room(room);
    composer.room(room);
    gifts.room(room);
  },
  onCatalogue: (catalogue) => gifts.catalogue(catalogue),
  onGifts: (counters) => gifts.counters(counters),
  onQuiz: (game) => quiz.show(game),
  onTally: (tally) => status.tally(tally),
};

let client: RoomClient;
start();

window.addEventListener("online", () => client.wake());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) client.wake();
});
window.addEventListener("pagehide", () => {
  client.stop();
  if (token && client.sessionId) sayGoodbye(home, token.value, roomId, client.sessionId);
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) start();
});
window.addEventListener("hashchange", () => start());

/** Enters the room anew, with the token given, or else the address's, or else the server's own. */
function start(tokens: TokenSource = credentials.find()): void {
  client?.stop();
  chat.clear();
  moderation.left();
  gifts.left();
  quiz.left();
  veil.lift();
  live = false;
  wasThere = false;
  const remembered = remembering(tokens);
  const dial = dialWeb(home, remembered);
  const watched = () => !document.hidden;
  client = new RoomClient({ roomId, dial, tokens: remembered, observer, watched });
  void client.start();
}

function entered(): void {
  wasThere = true;
  credentials.entered();
  chat.settle();
  moderation.entered();
  gifts.entered();
  byId("chat-empty-development").hidden = !credentials.ofDevelopment;
}

/** The same source; the page knows whose token it was last. */
function remembering(tokens: TokenSource): TokenSource {
  const get = async (): Promise<Token> => {
    token = await tokens.get();
    const name = token.name ?? token.userId;
    write(byId("you"), name ? `You are ${name}.` : "");
    byId("you").title = token.userId ?? "";
    return token;
  };
  return { renewable: tokens.renewable, get, invalidate: (fault) => tokens.invalidate(fault) };
}
