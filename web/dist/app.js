"use strict";
(() => {
  // src/identity.ts
  var TOKEN_KEY = "bongsu.token";
  var DEVICE_KEY = "bongsu.device";
  var DEVICE_OWNER_KEY = "bongsu.device.user";
  var CLAIM_TIMEOUT_MS = 400;
  function takeTokenFromAddress() {
    const fragment = new URLSearchParams(location.hash.slice(1));
    const token = fragment.get("token");
    if (!token) return false;
    sessionStorage.setItem(TOKEN_KEY, token);
    fragment.delete("token");
    const rest = fragment.toString();
    history.replaceState(null, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
    return true;
  }
  function roomFromAddress() {
    return new URLSearchParams(location.hash.slice(1)).get("room") ?? void 0;
  }
  async function loadIdentity() {
    const token = sessionStorage.getItem(TOKEN_KEY);
    const claims = token ? decodeClaims(token) : void 0;
    if (!token || typeof claims?.sub !== "string") return void 0;
    const name = typeof claims.name === "string" ? claims.name : void 0;
    return { token, user: claims.sub, name, device: await claimDevice(claims.sub) };
  }
  function randomId(prefix) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return prefix + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  function decodeClaims(token) {
    try {
      const payload = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
      const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      return void 0;
    }
  }
  async function claimDevice(user) {
    const stored = sessionStorage.getItem(DEVICE_KEY);
    const sameUser = sessionStorage.getItem(DEVICE_OWNER_KEY) === user;
    if (stored && sameUser && await holdDevice(stored)) return stored;
    const device = randomId("web-");
    sessionStorage.setItem(DEVICE_KEY, device);
    sessionStorage.setItem(DEVICE_OWNER_KEY, user);
    await holdDevice(device);
    return device;
  }
  function holdDevice(device) {
    if (!navigator.locks) return Promise.resolve(true);
    return new Promise((resolve) => {
      navigator.locks.request(`bongsu.device.${device}`, { signal: AbortSignal.timeout(CLAIM_TIMEOUT_MS) }, () => {
        resolve(true);
        return new Promise(() => {
        });
      }).catch(() => resolve(false));
    });
  }

  // src/net/failure.ts
  var CallFailure = class _CallFailure extends Error {
    constructor(kind, message, retry, retryAfterMs) {
      super(message);
      this.kind = kind;
      this.retry = retry;
      this.retryAfterMs = retryAfterMs;
    }
    kind;
    retry;
    retryAfterMs;
    static fromWire(error) {
      const data = error.data ?? {};
      return new _CallFailure(data.kind ?? "internal", error.message, data.retry ?? false, data.retry_after_ms);
    }
    static disconnected() {
      return new _CallFailure("disconnected", "the connection was lost", true, void 0);
    }
    static timeout() {
      return new _CallFailure("timeout", "no answer in time", true, void 0);
    }
    static from(cause) {
      return cause instanceof _CallFailure ? cause : new _CallFailure("internal", String(cause), false, void 0);
    }
  };

  // src/actions.ts
  var TYPING_REPEAT_MS = 3e3;
  var Actions = class {
    constructor(client, model, history2, sync, outbox, changed, failed) {
      this.client = client;
      this.model = model;
      this.history = history2;
      this.sync = sync;
      this.outbox = outbox;
      this.changed = changed;
      this.failed = failed;
    }
    client;
    model;
    history;
    sync;
    outbox;
    changed;
    failed;
    reading = /* @__PURE__ */ new Set();
    triedReadSeq = /* @__PURE__ */ new Map();
    typingSentAt = 0;
    typingRoom;
    open(room) {
      if (this.model.openRoom && this.model.openRoom !== room) this.model.leaveTimeline(this.model.openRoom);
      this.model.openRoom = room;
      this.triedReadSeq.delete(room);
      void this.history.latest(room);
      void this.history.members(room);
      if (!this.model.rooms.rows.has(room)) void this.fetchRow(room);
      else void this.watchPeer(room);
      this.changed();
    }
    close() {
      if (this.model.openRoom) this.model.leaveTimeline(this.model.openRoom);
      this.model.openRoom = void 0;
      this.changed();
    }
    /** False if the queue is full. */
    send(room, text, replyTo) {
      const params = { room, client_id: randomId("c-"), text };
      if (replyTo !== void 0) params.reply_to = replyTo;
      if (!this.client.connected) params.keep_unread = true;
      return this.outbox.add(params, this.model.nowMs());
    }
    async edit(message, room, text) {
      const params = { room, seq: message.seq, client_id: randomId("e-"), text };
      return this.attempt(this.client.request("message.edit", params));
    }
    async remove(message, room) {
      return this.attempt(this.client.request("message.delete", { room, seq: message.seq, client_id: randomId("d-") }));
    }
    async toggleReaction(message, room, emoji) {
      const remove = message.reactions?.[emoji]?.mine ?? false;
      const params = { room, seq: message.seq, emoji, client_id: randomId("r-"), ...remove ? { remove } : {} };
      return this.attempt(this.client.request("message.react", params));
    }
    /** Marks what is shown as read, unless there is nothing to say or it is being said. */
    async markRead(room) {
      const row = this.model.rooms.rows.get(room);
      const timeline = this.model.timelines.get(room);
      if (!row || !timeline?.loaded || this.reading.has(room) || !this.client.connected) return;
      if (row.unread === 0 && !row.marked_unread && row.mentions === 0) return;
      const seq = timeline.toSeq;
      if (!row.marked_unread && (this.triedReadSeq.get(room) ?? -1) >= seq) return;
      this.reading.add(room);
      this.triedReadSeq.set(room, seq);
      try {
        const reply = await this.client.request("room.mark_read", { room, seq });
        this.model.rooms.applyRead(room, reply);
        this.sync.facts.receive(reply.user_rev, () => this.sync.recountMentions(room));
      } catch (cause) {
        this.triedReadSeq.delete(room);
        const failure2 = CallFailure.from(cause);
        if (failure2.kind !== "disconnected") this.failed(failure2);
      } finally {
        this.reading.delete(room);
        this.changed();
      }
    }
    async markUnread(room) {
      return this.attempt(
        this.client.request("room.mark_unread", { room }).then((reply) => {
          const row = this.model.rooms.rows.get(room);
          if (row) row.marked_unread = true;
          this.sync.facts.receive(reply.user_rev, () => {
          });
        })
      );
    }
    async settle(room, settings) {
      return this.attempt(
        this.client.request("room.settings", { room, ...settings }).then((reply) => {
          this.model.rooms.applySettings(room, reply.settings);
          this.sync.facts.receive(reply.user_rev, () => {
          });
        })
      );
    }
    async accept(room) {
      return this.attempt(this.client.request("room.accept", { room }).then((row) => this.sync.putRow(row)));
    }
    /** A direct room for one other and no name, else a group. Answers the room's id. */
    async createRoom(users, name) {
      const kind = users.length === 1 && !name ? "direct" : "group";
      const params = { kind, members: users, ...name ? { name } : {} };
      const reply = await this.client.request("room.create", params);
      if (typeof reply.room === "string") return reply.room;
      this.sync.putRow(reply.room);
      return reply.room.room;
    }
    /** Called for each keystroke; tells the room at most each three seconds. */
    typing(room) {
      const now = Date.now();
      if (this.typingRoom === room && now - this.typingSentAt < TYPING_REPEAT_MS) return;
      if (this.model.rooms.rows.get(room)?.kind === "channel") return;
      this.typingRoom = room;
      this.typingSentAt = now;
      this.client.notify("room.typing", { room, on: true });
    }
    stopTyping() {
      if (this.typingRoom === void 0) return;
      this.client.notify("room.typing", { room: this.typingRoom, on: false });
      this.typingRoom = void 0;
    }
    /** Presence of the counterpart of a direct room; asked again after each connection. */
    async watchPeer(room) {
      const peer = this.model.rooms.rows.get(room)?.peer?.user;
      try {
        const reply = await this.client.request("presence.watch", { users: peer ? [peer] : [] });
        for (const [user, presence] of Object.entries(reply.users ?? {})) this.model.people.presence.set(user, presence);
        this.changed();
      } catch {
      }
    }
    async fetchRow(room) {
      if (!this.client.connected) return;
      const found = await this.attempt(this.client.request("room.get", { room }).then((row) => this.sync.putRow(row)));
      if (found) void this.watchPeer(room);
      else if (this.model.openRoom === room) this.close();
    }
    async attempt(call) {
      try {
        await call;
        return true;
      } catch (cause) {
        this.failed(CallFailure.from(cause));
        return false;
      } finally {
        this.changed();
      }
    }
  };

  // src/net/backoff.ts
  var FIRST_MS = 400;
  var MOST_MS = 2e4;
  var OVERLOADED_CODE = 4002;
  var OVERLOADED_LEAST_MS = 3e3;
  var Backoff = class {
    failures = 0;
    reset() {
      this.failures = 0;
    }
    nextMs(closeCode) {
      const ceiling = Math.min(MOST_MS, FIRST_MS * 2 ** this.failures);
      this.failures += 1;
      const least = closeCode === OVERLOADED_CODE ? OVERLOADED_LEAST_MS : 0;
      return Math.round(least + ceiling / 2 + Math.random() * ceiling / 2);
    }
  };

  // src/net/rpc.ts
  var Rpc = class {
    constructor(sendFrame, onEvent, limits) {
      this.sendFrame = sendFrame;
      this.onEvent = onEvent;
      this.limits = limits;
    }
    sendFrame;
    onEvent;
    limits;
    nextId = 1;
    waiting = /* @__PURE__ */ new Map();
    outgoing = [];
    closed = false;
    /** Sends a request; `settle` runs inside the frame's own turn, so it precedes the events behind the reply. */
    call(method, params, timeoutMs, settle) {
      if (this.closed) {
        settle({ failure: CallFailure.disconnected() });
        return;
      }
      const id = this.nextId++;
      const timer = setTimeout(() => this.settle(id, { failure: CallFailure.timeout() }), timeoutMs);
      this.waiting.set(id, { settle, timer });
      this.enqueue({ jsonrpc: "2.0", id, method, params });
    }
    notify(method, params) {
      if (!this.closed) this.enqueue({ jsonrpc: "2.0", method, params });
    }
    receive(text) {
      const frame = JSON.parse(text);
      for (const item of Array.isArray(frame) ? frame : [frame]) this.receiveOne(item);
    }
    close() {
      this.closed = true;
      this.outgoing = [];
      for (const id of [...this.waiting.keys()]) this.settle(id, { failure: CallFailure.disconnected() });
    }
    receiveOne(item) {
      if (item.method !== void 0) {
        this.onEvent(item.method, item.params ?? {});
      } else if (typeof item.id === "number") {
        this.settle(item.id, item.error ? { failure: CallFailure.fromWire(item.error) } : { result: item.result });
      }
    }
    settle(id, outcome) {
      const waiting = this.waiting.get(id);
      if (!waiting) return;
      this.waiting.delete(id);
      clearTimeout(waiting.timer);
      waiting.settle(outcome);
    }
    /** Calls made in one turn leave together, so opening a room is one frame. */
    enqueue(item) {
      this.outgoing.push(JSON.stringify(item));
      if (this.outgoing.length === 1) queueMicrotask(() => this.flush());
    }
    flush() {
      const items = this.outgoing;
      this.outgoing = [];
      for (const frame of packFrames(items, this.limits)) this.sendFrame(frame);
    }
  };
  function packFrames(items, limits) {
    const encoder = new TextEncoder();
    const frames = [];
    let batch = [];
    let bytes = 2;
    const seal = () => {
      if (batch.length > 0) frames.push(batch.length === 1 ? batch[0] : `[${batch.join(",")}]`);
      batch = [];
      bytes = 2;
    };
    for (const item of items) {
      const itemBytes = encoder.encode(item).length + 1;
      if (batch.length >= limits.batchItems || bytes + itemBytes > limits.frameBytes) seal();
      batch.push(item);
      bytes += itemBytes;
    }
    seal();
    return frames;
  }

  // src/protocol.ts
  var SUBPROTOCOL = "bongsu.v1.json";
  var RECORD_METHODS = /* @__PURE__ */ new Set([
    "message.new",
    "message.edited",
    "message.deleted",
    "message.reaction",
    "member.added",
    "member.removed",
    "member.role",
    "room.updated"
  ]);
  var OWN_FACT_METHODS = /* @__PURE__ */ new Set([
    "room.joined",
    "room.removed",
    "room.read",
    "room.settings",
    "device.removed"
  ]);
  function closeStops(code) {
    return code >= 4100 && code <= 4199;
  }

  // src/client.ts
  var CALL_TIMEOUT_MS = 15e3;
  var PING_TIMEOUT_MS = 8e3;
  var CONNECT_TIMEOUT_MS = 1e4;
  var LOST_CODE = 1006;
  var Client = class {
    constructor(options) {
      this.options = options;
      window.addEventListener("online", () => this.retryNow());
      window.addEventListener("offline", () => this.dropSocket());
      document.addEventListener("visibilitychange", () => {
        if (document.visibilityState === "visible") this.retryNow();
      });
    }
    options;
    status = { state: "connecting" };
    socket;
    rpc;
    backoff = new Backoff();
    limits = { batchItems: 32, frameBytes: 128 * 1024 };
    retryTimer;
    pingTimer;
    connectTimer;
    drainDelayMs;
    everConnected = false;
    get connected() {
      return this.status.state === "connected";
    }
    connect() {
      clearTimeout(this.retryTimer);
      this.setStatus({ state: "connecting" });
      const socket = new WebSocket(this.options.url, SUBPROTOCOL);
      const rpc = new Rpc(
        (text) => socket.send(text),
        (method, params) => this.receiveEvent(method, params),
        this.limits
      );
      this.socket = socket;
      this.rpc = rpc;
      this.connectTimer = setTimeout(() => this.dropSocket(), CONNECT_TIMEOUT_MS);
      socket.onopen = () => rpc.call("session.hello", this.options.hello(), CONNECT_TIMEOUT_MS, (outcome) => this.greeted(outcome));
      socket.onmessage = (message) => {
        if (typeof message.data === "string") rpc.receive(message.data);
      };
      socket.onclose = (close2) => this.lost(close2.code);
    }
    /** Reconnects at once if a retry is pending. */
    retryNow() {
      if (this.status.state === "offline") this.connect();
    }
    request(method, params) {
      return new Promise((resolve, reject) => {
        const rpc = this.connected ? this.rpc : void 0;
        if (!rpc) {
          reject(CallFailure.disconnected());
          return;
        }
        rpc.call(method, params, CALL_TIMEOUT_MS, (outcome) => {
          if ("failure" in outcome) reject(outcome.failure);
          else resolve(outcome.result);
        });
      });
    }
    notify(method, params) {
      if (this.connected) this.rpc?.notify(method, params);
    }
    /** Forgets the socket without a goodbye, as a network loss would; stays away for `holdMs` if given. */
    dropSocket(holdMs) {
      if (!this.socket) return;
      if (holdMs !== void 0) this.drainDelayMs = holdMs;
      this.socket.close();
      this.lost(LOST_CODE);
    }
    greeted(outcome) {
      if ("failure" in outcome) return;
      const hello = outcome.result;
      clearTimeout(this.connectTimer);
      this.limits.batchItems = hello.limits?.batch_items ?? this.limits.batchItems;
      this.limits.frameBytes = hello.limits?.frame_bytes ?? this.limits.frameBytes;
      this.backoff.reset();
      this.drainDelayMs = void 0;
      this.pingTimer = setInterval(() => this.ping(), hello.ping_ms || 25e3);
      const again = this.everConnected;
      this.everConnected = true;
      this.status = { state: "connected", again };
      this.options.onHello(hello);
      this.options.onStatus(this.status);
    }
    ping() {
      this.rpc?.call("ping", {}, PING_TIMEOUT_MS, (outcome) => {
        if ("failure" in outcome && outcome.failure.kind === "timeout") this.dropSocket();
      });
    }
    receiveEvent(method, params) {
      if (method === "session.draining") this.drainDelayMs = Number(params["reconnect_after_ms"] ?? 0);
      this.options.onEvent(method, params);
    }
    lost(code) {
      const { socket, rpc } = this;
      if (!socket || !rpc) return;
      socket.onopen = socket.onmessage = socket.onclose = null;
      this.socket = this.rpc = void 0;
      clearInterval(this.pingTimer);
      clearTimeout(this.connectTimer);
      if (closeStops(code)) {
        this.setStatus({ state: "stopped", code });
      } else {
        const waitMs = this.drainDelayMs ?? this.backoff.nextMs(code);
        this.drainDelayMs = void 0;
        this.retryTimer = setTimeout(() => this.connect(), waitMs);
        this.setStatus({ state: "offline", retryAtMs: Date.now() + waitMs });
      }
      rpc.close();
    }
    setStatus(status) {
      this.status = status;
      this.options.onStatus(status);
    }
  };

  // src/history.ts
  var PAGE_MESSAGES = 50;
  var WIDE_PAGE_MESSAGES = 200;
  var RECEIPT_MEMBERS_MAX = 100;
  var REACH_PAGES_MAX = 20;
  var RETRY_MS = 1500;
  var History = class {
    constructor(client, model, arrived, failed) {
      this.client = client;
      this.model = model;
      this.arrived = arrived;
      this.failed = failed;
    }
    client;
    model;
    arrived;
    failed;
    loading = /* @__PURE__ */ new Set();
    quoted = /* @__PURE__ */ new Map();
    /** The latest page, unless the room is loaded already. */
    async latest(room) {
      if (this.model.timeline(room).loaded) return;
      await this.once(`latest ${room}`, () => this.fetchPage(room, "latest", { limit: PAGE_MESSAGES }));
    }
    async older(room, limit = PAGE_MESSAGES) {
      const timeline = this.model.timeline(room);
      if (!timeline.loaded || !timeline.more) return;
      await this.once(`older ${room}`, () => this.fetchPage(room, "older", { before: timeline.fromSeq, limit }));
    }
    /** Loads older pages until `seq` is held, within reason. */
    async reach(room, seq) {
      const timeline = this.model.timeline(room);
      for (let page = 0; page < REACH_PAGES_MAX && timeline.more && timeline.fromSeq > seq; page += 1) {
        const from = timeline.fromSeq;
        await this.older(room, WIDE_PAGE_MESSAGES);
        if (timeline.fromSeq === from) return;
      }
    }
    /** Fetches what lies between the held stretch and the records that came. */
    async fillHole(room) {
      await this.once(`hole ${room}`, async () => {
        const timeline = this.model.timeline(room);
        for (let more = true; more; ) {
          const after = timeline.toSeq;
          more = await this.fetchPage(room, "newer", { after, limit: WIDE_PAGE_MESSAGES });
          if (timeline.toSeq === after) return;
        }
      });
    }
    async members(room) {
      if (this.model.rooms.rows.get(room)?.kind === "channel") return;
      await this.once(`members ${room}`, async () => {
        const params = { room, limit: RECEIPT_MEMBERS_MAX };
        const page = await this.client.request("room.members", params);
        if (page.cursor === void 0) this.model.people.setMembers(room, page.members);
        this.arrived(room);
      });
    }
    /** A message that another one replies to, fetched once if it is not held. */
    quote(room, seq) {
      const held = this.model.timeline(room).get(seq);
      if (held) return held;
      const key = `${room} ${seq}`;
      const known = this.quoted.get(key);
      if (known === void 0 && this.client.connected) {
        this.quoted.set(key, "asked");
        void this.fetchQuote(room, seq, key);
      }
      return typeof known === "object" ? known : void 0;
    }
    async fetchQuote(room, seq, key) {
      try {
        const page = await this.client.request("message.history", { room, around: seq, limit: 1 });
        this.quoted.set(key, page.messages.find((message) => message.seq === seq) ?? "gone");
        this.arrived(room);
      } catch {
        this.quoted.delete(key);
      }
    }
    /** True if more lies further in the direction asked. */
    async fetchPage(room, direction, range) {
      const timeline = this.model.timeline(room);
      timeline.beginFetch();
      try {
        const page = await this.client.request("message.history", { room, ...range });
        const outcome = timeline.merge(page, direction);
        this.arrived(room);
        if (outcome === "hole" && direction !== "newer") void this.fillHole(room);
        return page.more;
      } finally {
        timeline.endFetch();
      }
    }
    /** Runs one fetch of a kind at a time. After a lost connection the next one asks again; a busy server is asked later. */
    async once(key, fetch2) {
      if (this.loading.has(key) || !this.client.connected) return;
      this.loading.add(key);
      try {
        await fetch2();
      } catch (cause) {
        const failure2 = CallFailure.from(cause);
        if (failure2.kind === "disconnected") return;
        if (failure2.retry) setTimeout(() => void this.once(key, fetch2), failure2.retryAfterMs ?? RETRY_MS);
        else this.failed(failure2);
      } finally {
        this.loading.delete(key);
      }
    }
  };

  // src/state/rooms.ts
  var Rooms = class {
    constructor(me) {
      this.me = me;
    }
    me;
    rows = /* @__PURE__ */ new Map();
    /** Where the next page of the list starts; undefined when all of it is here. */
    cursor;
    /** Unread in rooms that are not loaded. */
    elsewhere = 0;
    clear() {
      this.rows.clear();
      this.cursor = void 0;
      this.elsewhere = 0;
    }
    /** Takes in a fetched row. Records and own facts that overtook it are kept. */
    put(fetched) {
      const known = this.rows.get(fetched.room);
      const row = { ...fetched, base_ord: fetched.head_ord - fetched.unread };
      if (known && known.joined_seq === fetched.joined_seq) {
        if (known.head_seq > fetched.head_seq) keepLiveFacts(row, known);
        if (known.user_rev > fetched.user_rev) keepOwnFacts(row, known);
        row.read_seq = Math.max(row.read_seq, known.read_seq);
        row.read_ord = Math.max(row.read_ord, known.read_ord);
        row.base_ord = Math.max(row.base_ord, known.base_ord);
        recount(row);
      }
      this.rows.set(row.room, row);
    }
    remove(room) {
      this.rows.delete(room);
    }
    /** Applies a durable record to its row; records that the row already contains change nothing. */
    applyRecord(record) {
      const row = this.rows.get(record.room);
      if (!row || record.seq <= row.head_seq) return;
      row.head_seq = record.seq;
      row.head_ord = record.ord;
      if (record.method === "message.new") this.applyMessage(row, record.params);
      else applyChange(row, record, this.me);
      recount(row);
    }
    /** A read position, from `room.read` or the reply to `room.mark_read`. Positions only grow. */
    applyRead(room, read) {
      const row = this.rows.get(room);
      if (!row) return;
      row.read_seq = Math.max(row.read_seq, read.read_seq);
      row.read_ord = Math.max(row.read_ord, read.read_ord);
      row.marked_unread = read.marked_unread ?? false;
      recount(row);
    }
    applySettings(room, settings) {
      const row = this.rows.get(room);
      if (row) row.settings = settings;
    }
    /** Notes the server's total over all rooms, to know what the rooms not loaded hold. */
    noteTotal(unreadTotal) {
      this.elsewhere = Math.max(0, unreadTotal - this.loadedTotal());
    }
    total() {
      return this.loadedTotal() + (this.cursor === void 0 ? 0 : this.elsewhere);
    }
    /** The rows to show: pinned first, then by last activity, then by id. */
    sorted() {
      return [...this.rows.values()].filter((row) => !row.settings.hidden).sort(compareRows);
    }
    loadedTotal() {
      let total = 0;
      for (const row of this.rows.values()) {
        if (!row.settings.hidden && !isMuted(row)) total += badgeCount(row);
      }
      return total;
    }
    applyMessage(row, message) {
      row.last = preview(message);
      row.active_ms = message.at_ms;
      row.settings = { ...row.settings, hidden: false };
      if (message.sender === this.me) {
        if (message.keep_unread) return;
        row.read_seq = message.seq;
        row.read_ord = message.ord;
        row.marked_unread = false;
        row.request = false;
      } else if (message.mentions?.some((name) => name === this.me || name === "@all")) {
        row.mentions += 1;
      }
    }
  };
  function badgeCount(row) {
    return Math.max(row.unread, row.marked_unread ? 1 : 0);
  }
  function isMuted(row) {
    return (row.settings.muted_until_ms ?? 0) > Date.now();
  }
  function recount(row) {
    row.unread = Math.max(0, row.head_ord - Math.max(row.base_ord, row.read_ord));
    if (row.unread === 0) row.mentions = 0;
  }
  function applyChange(row, record, me) {
    const { params } = record;
    const isLast = row.last !== void 0 && params["target"] === row.last.seq;
    if (record.method === "message.edited" && isLast && params["text"] !== void 0) {
      row.last = { ...row.last, text: String(params["text"]) };
    } else if (record.method === "message.deleted" && isLast) {
      const { text: _gone, ...rest } = row.last;
      row.last = { ...rest, deleted: true };
    } else if (record.method === "member.role" && params["user"] === me) {
      row.role = params["role"];
    } else if (record.method === "room.updated") {
      if (params["name"] !== void 0) row.name = String(params["name"]);
      if (params["image"] !== void 0) row.image = String(params["image"]);
      if (params["data"] !== void 0) row.data = params["data"];
    }
  }
  function preview(message) {
    const last = { seq: message.seq, sender: message.sender, kind: message.kind ?? "message", at_ms: message.at_ms };
    if (message.text !== void 0) last.text = message.text;
    return last;
  }
  function keepLiveFacts(row, known) {
    const { head_seq, head_ord, last, active_ms, name, image, data, mentions, role } = known;
    Object.assign(row, { head_seq, head_ord, last, active_ms, name, image, data, mentions, role });
  }
  function keepOwnFacts(row, known) {
    const { user_rev, settings, marked_unread } = known;
    Object.assign(row, { user_rev, settings, marked_unread });
  }
  function compareRows(a, b) {
    const pinned = Number(b.settings.pinned ?? false) - Number(a.settings.pinned ?? false);
    return pinned || b.active_ms - a.active_ms || (a.room < b.room ? 1 : -1);
  }

  // src/state/timeline.ts
  var Timeline = class {
    constructor(me) {
      this.me = me;
    }
    me;
    /** Ascending by seq. */
    messages = [];
    /** The covered stretch of the log, both ends inclusive; empty when `toSeq < fromSeq`. */
    fromSeq = 1;
    toSeq = 0;
    /** Whether older messages exist on the server. */
    more = true;
    loaded = false;
    bySeq = /* @__PURE__ */ new Map();
    /** Records that arrived while pages were on their way: a page may have been read before them. */
    overtaking = [];
    fetches = 0;
    get(seq) {
      return this.bySeq.get(seq);
    }
    beginFetch() {
      this.fetches += 1;
    }
    endFetch() {
      this.fetches -= 1;
      if (this.fetches === 0) this.overtaking = [];
    }
    /** Merges a page that adjoins or overlaps what is held; `older` tells which end it extends. Call within a fetch. */
    merge(page, direction) {
      if (!this.loaded) {
        this.fromSeq = page.from_seq ?? page.head_seq + 1;
        this.toSeq = page.to_seq ?? page.head_seq;
        this.loaded = true;
      }
      if (page.from_seq !== void 0) this.fromSeq = Math.min(this.fromSeq, page.from_seq);
      if (page.to_seq !== void 0) this.toSeq = Math.max(this.toSeq, page.to_seq);
      if (direction !== "newer") this.more = page.more;
      for (const message of page.messages) {
        const held = this.bySeq.get(message.seq);
        if (!held || message.rev > held.rev) this.bySeq.set(message.seq, message);
      }
      this.reorder();
      let outcome = "applied";
      for (const record of this.overtaking) {
        if (this.applyRecord(record) === "hole") outcome = "hole";
      }
      return outcome;
    }
    /** Notes a record on its way in; `hole` means that records before it are missing and must be fetched. */
    receive(record) {
      if (this.fetches > 0) this.overtaking.push(record);
      return this.loaded ? this.applyRecord(record) : "ignored";
    }
    /** Lets go of all but the latest `keep` messages. */
    trim(keep) {
      if (this.messages.length <= keep || this.fetches > 0) return;
      this.messages = this.messages.slice(-keep);
      this.fromSeq = this.messages[0].seq;
      this.more = true;
      this.bySeq = new Map(this.messages.map((message) => [message.seq, message]));
    }
    applyRecord(record) {
      this.applyToTarget(record);
      if (record.seq <= this.toSeq) return "ignored";
      if (record.seq > this.toSeq + 1) return "hole";
      this.toSeq = record.seq;
      if (record.method === "message.new") this.append(record);
      return "applied";
    }
    append(record) {
      const message = { ...record.params };
      message.rev ??= message.seq;
      this.bySeq.set(message.seq, message);
      this.messages.push(message);
    }
    applyToTarget(record) {
      const target = this.bySeq.get(Number(record.params["target"]));
      if (!target || record.seq <= target.rev) return;
      const changed = changedBy(target, record, this.me);
      this.bySeq.set(changed.seq, changed);
      this.messages[this.indexOf(changed.seq)] = changed;
    }
    indexOf(seq) {
      let low = 0;
      let high = this.messages.length - 1;
      while (low < high) {
        const middle = low + high >> 1;
        if (this.messages[middle].seq < seq) low = middle + 1;
        else high = middle;
      }
      return low;
    }
    reorder() {
      this.messages = [...this.bySeq.values()].sort((a, b) => a.seq - b.seq);
    }
  };
  function changedBy(message, record, me) {
    const { params } = record;
    const changed = { ...message, rev: record.seq };
    if (record.method === "message.edited") {
      if (params["text"] !== void 0) changed.text = String(params["text"]);
      if (params["data"] !== void 0) changed.data = params["data"];
      changed.edited_ms = Number(params["edited_ms"] ?? record.at_ms);
    } else if (record.method === "message.deleted") {
      changed.deleted = true;
      delete changed.text;
      delete changed.data;
      delete changed.mentions;
      delete changed.reactions;
    } else if (record.method === "message.reaction") {
      const mine = params["actor"] === me;
      changed.reactions = reacted(message.reactions ?? {}, String(params["emoji"]), params["remove"] === true, mine);
    }
    return changed;
  }
  function reacted(reactions, emoji, remove, mine) {
    const { [emoji]: before = { count: 0, mine: false }, ...others } = reactions;
    const count = before.count + (remove ? -1 : 1);
    if (count <= 0) return others;
    return { ...reactions, [emoji]: { count, mine: mine ? !remove : before.mine } };
  }

  // src/state/model.ts
  var TIMELINES_MAX = 20;
  var CLOSED_TIMELINE_MESSAGES = 100;
  var Model = class {
    constructor(me, people) {
      this.me = me;
      this.people = people;
      this.rooms = new Rooms(me);
    }
    me;
    people;
    rooms;
    timelines = /* @__PURE__ */ new Map();
    /** The last record of each room that was taken in, within this epoch. */
    seen = /* @__PURE__ */ new Map();
    epoch;
    openRoom;
    session;
    textBytesMax = 16 * 1024;
    /** Server clock minus ours, for relative times. */
    clockAheadMs = 0;
    nowMs() {
      return Date.now() + this.clockAheadMs;
    }
    setServerClock(nowMs) {
      this.clockAheadMs = nowMs - Date.now();
    }
    timeline(room) {
      const known = this.timelines.get(room);
      if (known) return known;
      const timeline = new Timeline(this.me);
      this.timelines.set(room, timeline);
      return timeline;
    }
    /** Keeps memory bounded when a room is left: its timeline shrinks, and the least recently opened ones go. */
    leaveTimeline(room) {
      const timeline = this.timelines.get(room);
      if (!timeline) return;
      timeline.trim(CLOSED_TIMELINE_MESSAGES);
      this.timelines.delete(room);
      this.timelines.set(room, timeline);
      for (const oldest of this.timelines.keys()) {
        if (this.timelines.size <= TIMELINES_MAX) break;
        this.timelines.delete(oldest);
      }
    }
    forgetRoom(room) {
      this.rooms.remove(room);
      this.timelines.delete(room);
      this.seen.delete(room);
      this.people.forgetRoom(room);
    }
    /** The server does not know our positions any more: all goes but what is unsent. */
    forgetAll() {
      this.rooms.clear();
      this.timelines.clear();
      this.seen.clear();
      this.epoch = void 0;
    }
  };

  // src/state/outbox.ts
  var RETRY_MS2 = 1500;
  var ITEMS_MAX = 200;
  var Outbox = class {
    constructor(storageKey, send, sent, changed) {
      this.storageKey = storageKey;
      this.send = send;
      this.sent = sent;
      this.changed = changed;
      try {
        const stored = JSON.parse(sessionStorage.getItem(storageKey) ?? "[]");
        this.items = stored.filter((item) => item.state !== "sent");
      } catch {
        this.items = [];
      }
    }
    storageKey;
    send;
    sent;
    changed;
    items = [];
    busy = /* @__PURE__ */ new Set();
    get size() {
      return this.items.length;
    }
    of(room) {
      return this.items.filter((item) => item.params.room === room);
    }
    /** False if too much waits already. */
    add(params, atMs) {
      if (this.items.length >= ITEMS_MAX) return false;
      this.items.push({ params, atMs, state: "sending" });
      this.save();
      void this.pump(params.room);
      return true;
    }
    retry(clientId) {
      const item = this.find(clientId);
      if (!item) return;
      item.state = "sending";
      delete item.failure;
      this.save();
      void this.pump(item.params.room);
    }
    /** Lets go of an item: the user discarded it, or its record has arrived. */
    remove(clientId) {
      if (!this.find(clientId)) return;
      this.items = this.items.filter((item) => item.params.client_id !== clientId);
      this.save();
    }
    /** Drops answered items up to `seq`: the timeline holds them. */
    settle(room, upToSeq) {
      const before = this.items.length;
      this.items = this.items.filter((item) => item.params.room !== room || item.seq === void 0 || item.seq > upToSeq);
      if (this.items.length !== before) this.save();
    }
    /** A connection is there: everything unanswered goes out again. */
    resume() {
      for (const room of new Set(this.items.map((item) => item.params.room))) void this.pump(room);
    }
    // One message of a room at a time, so that a retry cannot overtake the next.
    async pump(room) {
      if (this.busy.has(room)) return;
      this.busy.add(room);
      for (; ; ) {
        const item = this.items.find((item2) => item2.params.room === room && item2.state === "sending");
        if (!item || !await this.attempt(item)) break;
      }
      this.busy.delete(room);
    }
    /** True if the queue may go on. */
    async attempt(item) {
      try {
        const reply = await this.send(item.params);
        item.state = "sent";
        item.seq = reply.seq;
        this.sent(item.params, reply);
      } catch (cause) {
        const failure2 = CallFailure.from(cause);
        if (failure2.kind === "disconnected") return false;
        if (failure2.retry) {
          setTimeout(() => void this.pump(item.params.room), failure2.retryAfterMs ?? RETRY_MS2);
          return false;
        }
        item.state = "failed";
        item.failure = failure2;
      }
      this.save();
      return true;
    }
    find(clientId) {
      return this.items.find((item) => item.params.client_id === clientId);
    }
    save() {
      try {
        sessionStorage.setItem(this.storageKey, JSON.stringify(this.items));
      } catch {
      }
      this.changed();
    }
  };

  // src/state/people.ts
  var TYPING_FADES_MS = 6e3;
  var ASK_DELAY_MS = 30;
  var ASK_USERS_MAX = 50;
  var People = class {
    constructor(fetchProfiles, changed) {
      this.fetchProfiles = fetchProfiles;
      this.changed = changed;
    }
    fetchProfiles;
    changed;
    presence = /* @__PURE__ */ new Map();
    names = /* @__PURE__ */ new Map();
    asked = /* @__PURE__ */ new Set();
    unknown = /* @__PURE__ */ new Set();
    askTimer;
    typingIn = /* @__PURE__ */ new Map();
    readIn = /* @__PURE__ */ new Map();
    learn(user, name) {
      if (name) this.names.set(user, name);
    }
    /** The name to show: the id until the profile has come. */
    name(user) {
      const name = this.names.get(user);
      if (name === void 0 && !this.asked.has(user)) this.ask(user);
      return name ?? user;
    }
    /** Names are asked for again after a reconnect, in case the asking was lost. */
    askAgain() {
      this.asked.clear();
    }
    typing(room) {
      return [...this.typingIn.get(room)?.keys() ?? []];
    }
    setTyping(room, user, on) {
      const typing = this.typingIn.get(room) ?? /* @__PURE__ */ new Map();
      this.typingIn.set(room, typing);
      clearTimeout(typing.get(user));
      typing.delete(user);
      if (on) typing.set(user, setTimeout(() => this.setTyping(room, user, false), TYPING_FADES_MS));
      this.changed();
    }
    /** How far others have read; undefined where receipts are not kept. */
    readers(room) {
      return this.readIn.get(room);
    }
    setMembers(room, members) {
      const reads = /* @__PURE__ */ new Map();
      const known = this.readIn.get(room);
      for (const { user, read_seq } of members) reads.set(user, Math.max(read_seq ?? 0, known?.get(user) ?? 0));
      this.readIn.set(room, reads);
    }
    setRead(room, user, readSeq) {
      const reads = this.readIn.get(room);
      if (reads) reads.set(user, Math.max(readSeq, reads.get(user) ?? 0));
    }
    forgetRoom(room) {
      this.readIn.delete(room);
    }
    ask(user) {
      this.asked.add(user);
      this.unknown.add(user);
      this.askTimer ??= setTimeout(() => void this.askNow(), ASK_DELAY_MS);
    }
    async askNow() {
      this.askTimer = void 0;
      const users = [...this.unknown];
      this.unknown.clear();
      for (let start2 = 0; start2 < users.length; start2 += ASK_USERS_MAX) {
        try {
          const profiles = await this.fetchProfiles(users.slice(start2, start2 + ASK_USERS_MAX));
          for (const [user, profile] of Object.entries(profiles)) this.learn(user, profile.name);
        } catch {
        }
      }
      this.changed();
    }
  };

  // src/net/acks.ts
  var FLUSH_MS = 200;
  var FLUSH_RECORDS = 50;
  var CURSORS_MAX = 1e3;
  var Acks = class {
    constructor(send) {
      this.send = send;
    }
    send;
    due = /* @__PURE__ */ new Map();
    unstored = /* @__PURE__ */ new Map();
    records = 0;
    timer;
    applied(room, seq) {
      this.due.set(room, seq);
      this.unstored.delete(room);
      this.unstored.set(room, seq);
      this.records += 1;
      if (this.records >= FLUSH_RECORDS) this.flush();
      else this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
    }
    flush() {
      clearTimeout(this.timer);
      this.timer = void 0;
      this.records = 0;
      if (this.due.size === 0) return;
      this.send(Object.fromEntries(this.due));
      this.due.clear();
    }
    /** Positions that may not be stored yet, for the next hello. */
    cursors() {
      return Object.fromEntries([...this.unstored].slice(-CURSORS_MAX));
    }
    /** A hello told the server everything, or the positions fell: start over. */
    clear() {
      clearTimeout(this.timer);
      this.timer = void 0;
      this.records = 0;
      this.due.clear();
      this.unstored.clear();
    }
  };

  // src/state/own_facts.ts
  var GAP_PATIENCE_MS = 400;
  var OwnFacts = class {
    constructor(fetchChanges) {
      this.fetchChanges = fetchChanges;
    }
    fetchChanges;
    /** The last applied `user_rev`; undefined before the first hello. */
    rev;
    early = /* @__PURE__ */ new Map();
    timer;
    /** Applies a fact now if it is next, later if it came early, never if it is old. */
    receive(rev, apply) {
      if (this.rev === void 0 || rev <= this.rev) return;
      this.early.set(rev, apply);
      this.drain();
      if (this.early.size > 0) this.timer ??= setTimeout(() => this.fillGap(), GAP_PATIENCE_MS);
    }
    /** Everything up to `rev` is known, from hello or `room.changes`. */
    advanceTo(rev) {
      this.rev = rev;
      for (const early of this.early.keys()) if (early <= rev) this.early.delete(early);
      this.drain();
    }
    forget() {
      this.rev = void 0;
      this.early.clear();
      clearTimeout(this.timer);
      this.timer = void 0;
    }
    drain() {
      for (; ; ) {
        const next = (this.rev ?? 0) + 1;
        const apply = this.early.get(next);
        if (!apply) return;
        this.early.delete(next);
        this.rev = next;
        apply();
      }
    }
    fillGap() {
      this.timer = void 0;
      if (this.early.size > 0 && this.rev !== void 0) this.fetchChanges(this.rev);
    }
  };

  // src/sync.ts
  var LIST_PAGE_ROWS = 40;
  var FETCH_ROWS_DELAY_MS = 80;
  var Sync = class {
    constructor(client, model, history2, outbox, hooks) {
      this.client = client;
      this.model = model;
      this.history = history2;
      this.outbox = outbox;
      this.hooks = hooks;
    }
    client;
    model;
    history;
    outbox;
    hooks;
    facts = new OwnFacts((since) => void this.fetchChanges(since));
    acks = new Acks((rooms) => this.client.notify("session.ack", { rooms }));
    rowsWanted = /* @__PURE__ */ new Set();
    rowsTimer;
    helloParams() {
      const { epoch } = this.model;
      const known = epoch === void 0 ? {} : { epoch, user_rev: this.facts.rev, cursors: this.acks.cursors() };
      return { ...known, list: LIST_PAGE_ROWS };
    }
    onHello(hello) {
      const { model } = this;
      this.acks.clear();
      if (!hello.resumed) {
        model.forgetAll();
        this.facts.forget();
      }
      model.epoch = hello.epoch;
      model.session = hello.session;
      model.setServerClock(hello.now_ms);
      model.textBytesMax = hello.limits?.text_bytes ?? model.textBytesMax;
      if (hello.list_reset) model.rooms.clear();
      for (const change of hello.changes ?? []) this.applyChange(change);
      this.facts.advanceTo(hello.user_rev);
      if (hello.list) this.takeFirstPage(hello.list);
      model.people.askAgain();
      this.outbox.resume();
      this.hooks.changed();
    }
    onEvent(method, params) {
      const room = params["room"];
      if (RECORD_METHODS.has(method)) {
        this.onRecord({ method, room, seq: Number(params["seq"]), ord: Number(params["ord"]), at_ms: Number(params["at_ms"]), params });
      } else if (OWN_FACT_METHODS.has(method)) {
        this.facts.receive(Number(params["user_rev"]), () => this.applyOwnFact(method, params));
      } else {
        this.onPassingEvent(method, room, params);
      }
      this.hooks.changed();
    }
    /** More of the chat list, where the last page ended. */
    async moreRooms() {
      const { rooms } = this.model;
      const cursor = rooms.cursor;
      if (cursor === void 0) return;
      const page = await this.client.request("room.list", { limit: LIST_PAGE_ROWS, cursor });
      if (rooms.cursor === cursor) rooms.cursor = page.cursor;
      for (const row of page.rooms) this.putRow(row);
      rooms.noteTotal(page.unread_total);
      this.hooks.changed();
    }
    putRow(row) {
      this.model.people.learn(row.peer?.user ?? "", row.peer?.name);
      this.model.rooms.put(row);
    }
    onRecord(record) {
      const { room, seq } = record;
      const seen = this.model.seen.get(room);
      if (seen !== void 0 && seq <= seen) return;
      if (seen !== void 0 && seq > seen + 1) {
        this.resetRoom(room, seq);
        return;
      }
      this.model.seen.set(room, seq);
      this.applyRecord(record);
      this.acks.applied(room, seq);
    }
    applyRecord(record) {
      const { rooms, timelines, people, me } = this.model;
      const { room } = record;
      if (record.method === "message.new") {
        const message = record.params;
        if (!rooms.rows.has(room)) this.wantRow(room);
        if (message.sender === me && message.client_id) this.outbox.remove(message.client_id);
        if (message.sender !== me) people.setTyping(room, message.sender, false);
        if (!message.keep_unread) people.setRead(room, message.sender, message.seq);
      }
      rooms.applyRecord(record);
      if (timelines.get(room)?.receive(record) === "hole") void this.history.fillHole(room);
      const membersChanged = record.method === "member.added" || record.method === "member.removed";
      if (membersChanged && room === this.model.openRoom) void this.history.members(room);
    }
    onPassingEvent(method, room, params) {
      const { people, me } = this.model;
      const user = String(params["user"]);
      if (method === "typing" && user !== me) people.setTyping(room, user, params["on"] === true);
      else if (method === "read.updated") people.setRead(room, user, Number(params["read_seq"]));
      else if (method === "presence") people.presence.set(user, params);
      else if (method === "room.reset") this.resetRoom(room, Number(params["head_seq"]));
      else if (method === "session.expiring") this.hooks.expiring();
    }
    applyOwnFact(method, params) {
      const room = params["room"];
      const { model } = this;
      if (method === "room.joined") {
        model.forgetRoom(room);
        model.seen.set(room, Number(params["from_seq"]) - 1);
        this.putRow(params["row"]);
        if (room === model.openRoom) this.refreshOpenRoom(room);
      } else if (method === "room.removed") {
        this.dropRoom(room);
      } else if (method === "room.settings") {
        model.rooms.applySettings(room, params["settings"]);
      } else if (method === "room.read") {
        model.rooms.applyRead(room, params);
        this.recountMentions(room);
      }
    }
    /** A partial read leaves some mentions: only the server can count them. */
    recountMentions(room) {
      if ((this.model.rooms.rows.get(room)?.mentions ?? 0) > 0) this.wantRow(room);
    }
    applyChange(change) {
      if ("removed" in change) this.dropRoom(change.room);
      else this.putRow(change);
    }
    dropRoom(room) {
      const known = this.model.rooms.rows.has(room);
      this.model.forgetRoom(room);
      if (known) this.hooks.roomGone(room);
    }
    /** The records of this room up to `headSeq` do not come as events: drop what is held, fetch, then ack. */
    resetRoom(room, headSeq) {
      this.model.timelines.delete(room);
      this.model.seen.set(room, headSeq);
      if (room === this.model.openRoom) this.refreshOpenRoom(room);
      void this.refetchRow(room).then((row) => {
        if (row) this.acks.applied(room, headSeq);
      });
    }
    async refetchRow(room) {
      try {
        const row = await this.client.request("room.get", { room });
        this.model.rooms.remove(room);
        this.putRow(row);
        this.hooks.changed();
        return row;
      } catch {
        return void 0;
      }
    }
    refreshOpenRoom(room) {
      void this.history.latest(room);
      void this.history.members(room);
    }
    takeFirstPage(page) {
      const { rooms } = this.model;
      if (rooms.rows.size === 0) rooms.cursor = page.cursor;
      for (const row of page.rooms) this.putRow(row);
      rooms.noteTotal(page.unread_total);
    }
    async fetchChanges(since) {
      try {
        const page = await this.client.request("room.changes", { since });
        if (page.list_reset) {
          this.model.rooms.clear();
          this.takeFirstPage(await this.client.request("room.list", { limit: LIST_PAGE_ROWS }));
        }
        for (const change of page.changes ?? []) this.applyChange(change);
        this.facts.advanceTo(page.user_rev);
        this.hooks.changed();
      } catch {
      }
    }
    /** Rows of rooms beyond the loaded pages that came to life, and rows to count anew. */
    wantRow(room) {
      this.rowsWanted.add(room);
      this.rowsTimer ??= setTimeout(() => void this.fetchWantedRows(), FETCH_ROWS_DELAY_MS);
    }
    async fetchWantedRows() {
      this.rowsTimer = void 0;
      const wanted = [...this.rowsWanted];
      this.rowsWanted.clear();
      const { rooms } = this.model;
      const rows = await Promise.allSettled(wanted.map((room) => this.client.request("room.get", { room })));
      for (const row of rows) if (row.status === "fulfilled") this.putRow(row.value);
      try {
        if (rooms.cursor !== void 0) rooms.noteTotal((await this.client.request("room.list", { limit: 1 })).unread_total);
      } catch {
      }
      this.hooks.changed();
    }
  };

  // src/chat.ts
  var Chat = class {
    constructor(identity, hooks) {
      this.identity = identity;
      this.hooks = hooks;
      const changed = () => this.changed();
      const url = new URL("/v1/connect", location.href);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      url.hash = "";
      this.client = new Client({
        url: url.href,
        hello: () => this.hello(),
        onHello: (hello) => {
          this.sync.onHello(hello);
          if (this.model.openRoom) this.actions.open(this.model.openRoom);
        },
        onEvent: (method, params) => this.sync.onEvent(method, params),
        onStatus: (status) => {
          hooks.status(status);
          changed();
        }
      });
      const fetchProfiles = async (users) => (await this.client.request("user.get", { users })).users;
      this.model = new Model(identity.user, new People(fetchProfiles, changed));
      this.model.people.learn(identity.user, identity.name);
      this.history = new History(this.client, this.model, (room) => this.settleOutbox(room), hooks.failed);
      this.outbox = new Outbox(
        `bongsu.outbox.${identity.user}`,
        (params) => this.client.request("message.send", params),
        (params) => this.settleOutbox(params.room),
        changed
      );
      const { client, model, history: history2, outbox } = this;
      const { roomGone, expiring } = hooks;
      this.sync = new Sync(client, model, history2, outbox, { changed, roomGone, expiring });
      this.actions = new Actions(client, model, history2, this.sync, outbox, changed, hooks.failed);
    }
    identity;
    hooks;
    client;
    model;
    history;
    outbox;
    sync;
    actions;
    redrawDue = false;
    start() {
      this.client.connect();
    }
    /** Redraws once after this turn, however much changed. */
    changed() {
      if (this.redrawDue) return;
      this.redrawDue = true;
      setTimeout(() => {
        this.redrawDue = false;
        this.hooks.redraw();
      });
    }
    hello() {
      const { token, device } = this.identity;
      return { token, device: { id: device, platform: "web" }, ...this.sync.helloParams() };
    }
    /** Own messages that the timeline now holds need no place in the queue's tail. */
    settleOutbox(room) {
      const timeline = this.model.timelines.get(room);
      if (timeline?.loaded) {
        this.outbox.settle(room, timeline.toSeq);
        for (const item of this.outbox.of(room)) {
          const { client_id } = item.params;
          const arrived = timeline.messages.some((message) => message.client_id === client_id && message.sender === this.model.me);
          if (arrived) this.outbox.remove(client_id);
        }
      }
      this.changed();
    }
  };

  // src/ui/dom.ts
  function h(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name.slice(2), value);
      else if (value !== void 0 && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...present(children));
    return element;
  }
  function present(children) {
    return children.filter((child) => child !== false && child !== null && child !== void 0);
  }
  function setAttribute(element, name, value) {
    if (value === void 0) element.removeAttribute(name);
    else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }
  var KeyedList = class {
    constructor(parent) {
      this.parent = parent;
    }
    parent;
    placed = /* @__PURE__ */ new Map();
    render(items) {
      const wanted = new Set(items.map((item) => item.key));
      for (const [key, { element }] of this.placed) {
        if (wanted.has(key)) continue;
        element.remove();
        this.placed.delete(key);
      }
      let cursor = this.parent.firstElementChild;
      for (const item of items) {
        const element = this.place(item);
        if (element === cursor) cursor = cursor.nextElementSibling;
        else this.parent.insertBefore(element, cursor);
      }
    }
    get(key) {
      return this.placed.get(key)?.element;
    }
    place(item) {
      const known = this.placed.get(item.key);
      if (known?.signature === item.signature) return known.element;
      const element = known?.element ?? item.make();
      item.fill(element);
      this.placed.set(item.key, { element, signature: item.signature });
      return element;
    }
  };

  // src/ui/avatar.ts
  function avatar(id, name, className = "avatar") {
    const disc = h("span", { class: className, "aria-hidden": "true" }, initial(name));
    disc.style.setProperty("--hue", String(hueOf(id)));
    return disc;
  }
  function initial(name) {
    const [first = "?"] = new Intl.Segmenter().segment(name.trim() || "?");
    return typeof first === "string" ? first : first.segment.toUpperCase();
  }
  function hueOf(id) {
    let hash = 2166136261;
    for (const char of id) hash = Math.imul(hash ^ char.codePointAt(0), 16777619);
    return (Math.imul(hash, 2654435761) >>> 0) % 360;
  }

  // src/ui/text.ts
  var en = {
    chats: "Chats",
    newChat: "New chat",
    newChatUsers: "User ids, separated by commas",
    newChatName: "Group name (leave empty for a direct chat)",
    create: "Create",
    cancel: "Cancel",
    switchUser: "Switch user",
    searchUsers: "Search users",
    switchHint: "Opens a new tab as that user.",
    you: "You",
    language: "한국어",
    noRooms: "No chats yet.",
    noRoomsHint: "Start one with the + button.",
    pickRoom: "Choose a chat on the left.",
    loading: "Loading…",
    beginning: "This is the beginning of the conversation.",
    noMessages: "No messages yet. Say hello!",
    writeMessage: "Write a message",
    send: "Send",
    save: "Save",
    back: "Back to the list",
    more: "More",
    reply: "Reply",
    edit: "Edit",
    copy: "Copy text",
    remove: "Delete",
    react: "React",
    pin: "Pin to the top",
    unpin: "Unpin",
    mute: "Mute",
    unmute: "Unmute",
    markUnread: "Mark as unread",
    edited: "edited",
    deleted: "This message was deleted.",
    replyingTo: (name) => `Replying to ${name}`,
    editing: "Editing your message",
    quoteGone: "Original message",
    newMessages: "New messages",
    newCount: (count) => count === 1 ? "1 new message" : `${count} new messages`,
    latest: "Latest",
    read: "Read",
    readBy: (count) => `Read by ${count}`,
    sent: "Sent",
    sending: "Sending…",
    waiting: "Waiting…",
    notSent: "Not sent",
    retry: "Retry",
    discard: "Discard",
    typingOne: (name) => `${name} is typing…`,
    typingTwo: (first, second) => `${first} and ${second} are typing…`,
    typingMany: (count) => `${count} people are typing…`,
    online: "Online",
    lastActive: (when) => `Last active: ${when}`,
    members: (count) => count === 1 ? "1 member" : `${count} members`,
    requestText: (name) => `${name} would like to chat with you.`,
    accept: "Accept",
    attachmentOnly: "Sent something this page cannot show.",
    today: "Today",
    yesterday: "Yesterday",
    now: "now",
    minutes: (count) => `${count} min ago`,
    connected: "Connected",
    connecting: "Connecting…",
    resumed: "Connected again.",
    offline: "Offline",
    retryIn: (seconds) => `Connection lost. Trying again in ${seconds} s…`,
    retryNow: "Try now",
    stopped: "Disconnected",
    stoppedLogin: "Your login is no longer valid. Open this page again with a fresh link.",
    stoppedDevice: "This device was removed from your account.",
    stoppedTaken: "This chat was opened in another window with the same session.",
    stoppedOther: (code) => `The server ended this session (${code}).`,
    reload: "Reload",
    expiring: "Your login ends in a minute. Open this page again with a fresh link.",
    roomGone: "You are no longer in that chat.",
    outboxFull: "Too many messages are waiting to be sent.",
    tooLong: (over) => `The message is too long by ${over} bytes.`,
    welcomeTitle: "Welcome to Bongsu",
    welcomeText: "To chat here you need a login link. Whoever runs this server can make a token:",
    welcomeThen: "Then open this page with the token behind the address:",
    welcomeDemo: "If you started the demo, it printed a link that is already logged in. Or choose who to be:",
    badToken: "The token in this link could not be read.",
    errors: {
      forbidden: "You are not allowed to do that.",
      not_found: "It does not exist, or you cannot see it.",
      conflict: "It was changed meanwhile.",
      too_large: "That is too large.",
      limit_reached: "A limit has been reached.",
      rate_limited: "Too fast. Please wait a moment.",
      overloaded: "The server is busy. Please try again.",
      unavailable: "The server cannot do that right now. Please try again.",
      unsupported: "This server does not support that.",
      invalid_params: "The server did not accept that.",
      disconnected: "There is no connection. Please try again.",
      timeout: "The server did not answer in time.",
      internal: "Something went wrong on the server."
    }
  };
  var ko = {
    chats: "채팅",
    newChat: "새 채팅",
    newChatUsers: "사용자 ID (쉼표로 구분)",
    newChatName: "그룹 이름 (1:1 채팅이면 비워 두세요)",
    create: "만들기",
    cancel: "취소",
    switchUser: "사용자 전환",
    searchUsers: "사용자 검색",
    switchHint: "새 탭에서 그 사용자로 열립니다.",
    you: "나",
    language: "English",
    noRooms: "아직 채팅이 없습니다.",
    noRoomsHint: "+ 버튼으로 시작해 보세요.",
    pickRoom: "왼쪽에서 채팅을 선택하세요.",
    loading: "불러오는 중…",
    beginning: "대화의 시작입니다.",
    noMessages: "아직 메시지가 없습니다. 먼저 인사해 보세요!",
    writeMessage: "메시지를 입력하세요",
    send: "전송",
    save: "저장",
    back: "목록으로",
    more: "더 보기",
    reply: "답장",
    edit: "수정",
    copy: "복사",
    remove: "삭제",
    react: "공감",
    pin: "상단 고정",
    unpin: "고정 해제",
    mute: "알림 끄기",
    unmute: "알림 켜기",
    markUnread: "읽지 않음으로 표시",
    edited: "수정됨",
    deleted: "삭제된 메시지입니다.",
    replyingTo: (name) => `${name}님에게 답장`,
    editing: "메시지 수정",
    quoteGone: "원본 메시지",
    newMessages: "여기부터 새 메시지",
    newCount: (count) => `새 메시지 ${count}개`,
    latest: "최신 메시지",
    read: "읽음",
    readBy: (count) => `${count}명 읽음`,
    sent: "전송됨",
    sending: "전송 중…",
    waiting: "대기 중…",
    notSent: "전송 실패",
    retry: "다시 보내기",
    discard: "지우기",
    typingOne: (name) => `${name}님이 입력 중…`,
    typingTwo: (first, second) => `${first}님, ${second}님이 입력 중…`,
    typingMany: (count) => `${count}명이 입력 중…`,
    online: "접속 중",
    lastActive: (when) => `마지막 접속: ${when}`,
    members: (count) => `참여자 ${count}명`,
    requestText: (name) => `${name}님이 대화를 요청했습니다.`,
    accept: "수락",
    attachmentOnly: "이 페이지에서 볼 수 없는 내용입니다.",
    today: "오늘",
    yesterday: "어제",
    now: "방금",
    minutes: (count) => `${count}분 전`,
    connected: "연결됨",
    connecting: "연결 중…",
    resumed: "다시 연결되었습니다.",
    offline: "연결 끊김",
    retryIn: (seconds) => `연결이 끊겼습니다. ${seconds}초 후 다시 시도합니다…`,
    retryNow: "지금 시도",
    stopped: "연결 종료",
    stoppedLogin: "로그인이 더 이상 유효하지 않습니다. 새 링크로 다시 열어 주세요.",
    stoppedDevice: "이 기기가 계정에서 제거되었습니다.",
    stoppedTaken: "같은 세션이 다른 창에서 열렸습니다.",
    stoppedOther: (code) => `서버가 세션을 종료했습니다 (${code}).`,
    reload: "새로고침",
    expiring: "로그인이 1분 뒤 만료됩니다. 새 링크로 다시 열어 주세요.",
    roomGone: "더 이상 참여하지 않는 채팅입니다.",
    outboxFull: "전송을 기다리는 메시지가 너무 많습니다.",
    tooLong: (over) => `메시지가 ${over}바이트 초과했습니다.`,
    welcomeTitle: "Bongsu에 오신 것을 환영합니다",
    welcomeText: "채팅하려면 로그인 링크가 필요합니다. 서버 운영자는 다음 명령으로 토큰을 만들 수 있습니다:",
    welcomeThen: "그런 다음 주소 뒤에 토큰을 붙여 이 페이지를 여세요:",
    welcomeDemo: "데모를 실행했다면 이미 로그인된 링크가 출력되어 있습니다. 또는 사용자를 고르세요:",
    badToken: "링크의 토큰을 읽을 수 없습니다.",
    errors: {
      forbidden: "권한이 없습니다.",
      not_found: "존재하지 않거나 볼 수 없습니다.",
      conflict: "그사이에 변경되었습니다.",
      too_large: "크기가 너무 큽니다.",
      limit_reached: "한도에 도달했습니다.",
      rate_limited: "너무 빠릅니다. 잠시 후 다시 시도해 주세요.",
      overloaded: "서버가 바쁩니다. 다시 시도해 주세요.",
      unavailable: "지금은 처리할 수 없습니다. 다시 시도해 주세요.",
      unsupported: "이 서버에서 지원하지 않습니다.",
      invalid_params: "서버가 요청을 받아들이지 않았습니다.",
      disconnected: "연결이 없습니다. 다시 시도해 주세요.",
      timeout: "서버가 제때 응답하지 않았습니다.",
      internal: "서버에 문제가 생겼습니다."
    }
  };
  var LANGUAGE_KEY = "bongsu.language";
  var language = chosenLanguage();
  var t = language === "ko" ? ko : en;
  function switchLanguage() {
    localStorage.setItem(LANGUAGE_KEY, language === "ko" ? "en" : "ko");
    location.reload();
  }
  function errorText(kind, message) {
    return t.errors[kind] ?? message;
  }
  function chosenLanguage() {
    const chosen = localStorage.getItem(LANGUAGE_KEY);
    if (chosen === "ko" || chosen === "en") return chosen;
    return navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en";
  }

  // src/ui/dialog.ts
  function openDialog(title, body) {
    const dialog = h("dialog", { class: "dialog", "aria-label": title });
    const close2 = () => dialog.close();
    const closeButton = h("button", { class: "icon-button", type: "button", "aria-label": t.cancel, onclick: close2 }, "✕");
    dialog.append(h("header", { class: "dialog-head" }, h("h2", {}, title), closeButton), body(close2));
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) close2();
    });
    document.body.append(dialog);
    dialog.showModal();
  }

  // src/ui/format.ts
  var locale = language === "ko" ? "ko-KR" : "en-GB";
  var clock = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
  var fullDay = new Intl.DateTimeFormat(locale, { year: "numeric", month: "long", day: "numeric", weekday: "long" });
  var shortDay = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric" });
  var yearDay = new Intl.DateTimeFormat(locale, { year: "numeric", month: "2-digit", day: "2-digit" });
  var MINUTE_MS = 6e4;
  var HOUR_MS = 60 * MINUTE_MS;
  function clockTime(atMs) {
    return clock.format(atMs);
  }
  function dayKey(atMs) {
    return new Date(atMs).toDateString();
  }
  function dayLabel(atMs, nowMs) {
    return nearDay(atMs, nowMs) ?? fullDay.format(atMs);
  }
  function relativeTime(atMs, nowMs) {
    const ageMs = nowMs - atMs;
    if (ageMs < MINUTE_MS) return t.now;
    if (ageMs < HOUR_MS) return t.minutes(Math.floor(ageMs / MINUTE_MS));
    const near = nearDay(atMs, nowMs);
    if (near === t.today) return clockTime(atMs);
    if (near) return near;
    const sameYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear();
    return (sameYear ? shortDay : yearDay).format(atMs);
  }
  function nearDay(atMs, nowMs) {
    const yesterday = new Date(nowMs);
    yesterday.setDate(yesterday.getDate() - 1);
    if (dayKey(atMs) === dayKey(nowMs)) return t.today;
    return dayKey(atMs) === yesterday.toDateString() ? t.yesterday : void 0;
  }
  function listingOf(data) {
    const listing = data?.["listing"];
    if (typeof listing?.["title"] !== "string") return void 0;
    const { price, currency, emoji } = listing;
    return {
      title: listing["title"],
      price: typeof price === "number" ? money(price, currency) : typeof price === "string" ? price : "",
      emoji: typeof emoji === "string" && emoji !== "" ? emoji : "📦"
    };
  }
  function money(price, currency) {
    try {
      const options = { style: "currency", currency: String(currency), maximumFractionDigits: 0 };
      return new Intl.NumberFormat(locale, options).format(price);
    } catch {
      return price.toLocaleString(locale);
    }
  }

  // src/ui/names.ts
  function roomName(row, model) {
    if (row.peer) return row.peer.name ?? model.people.name(row.peer.user);
    return row.name || listingOf(row.data)?.title || row.key || `#${row.room.slice(-6)}`;
  }

  // src/ui/list.ts
  var LOAD_AHEAD_PX = 600;
  var ListView = class {
    constructor(chat, choose) {
      this.chat = chat;
      this.choose = choose;
      this.element.addEventListener("scroll", () => void this.loadMore());
    }
    chat;
    choose;
    rows = h("div", { class: "list-rows" });
    note = h("div", { class: "list-note" });
    element = h("nav", { class: "list", "data-testid": "list", "aria-label": t.chats }, this.rows, this.note);
    keyed = new KeyedList(this.rows);
    loading = false;
    render() {
      const { rooms } = this.chat.model;
      const sorted = rooms.sorted();
      this.keyed.render(sorted.map((row) => this.item(row)));
      this.note.hidden = sorted.length > 0 && rooms.cursor === void 0;
      if (sorted.length > 0 || !this.chat.client.connected) this.note.textContent = t.loading;
      else this.note.replaceChildren(h("strong", {}, t.noRooms), h("span", {}, t.noRoomsHint));
      void this.loadMore();
    }
    async loadMore() {
      const { element, chat } = this;
      const near = element.scrollTop + element.clientHeight > element.scrollHeight - LOAD_AHEAD_PX;
      if (!near || this.loading || !chat.client.connected || chat.model.rooms.cursor === void 0) return;
      this.loading = true;
      try {
        await chat.sync.moreRooms();
      } catch {
      } finally {
        this.loading = false;
      }
    }
    item(row) {
      const { model } = this.chat;
      const looks = this.looks(row);
      const chosen = model.openRoom === row.room;
      return {
        key: row.room,
        signature: JSON.stringify([looks, chosen, row.unread]),
        make: () => h("button", { class: "row", type: "button", onclick: () => this.choose(row.room) }),
        fill: (element) => {
          setAttribute(element, "data-testid", "row");
          setAttribute(element, "data-room", row.room);
          setAttribute(element, "data-unread", String(looks.badge));
          setAttribute(element, "aria-current", chosen ? "true" : void 0);
          element.replaceChildren(...rowContent(row, looks));
        }
      };
    }
    looks(row) {
      const { model } = this.chat;
      return {
        name: roomName(row, model),
        listing: listingOf(row.data),
        preview: this.preview(row),
        time: row.last ? relativeTime(row.last.at_ms, model.nowMs()) : "",
        badge: badgeCount(row),
        onlyMarked: row.unread === 0 && row.marked_unread,
        mentions: row.mentions,
        muted: isMuted(row),
        pinned: row.settings.pinned ?? false
      };
    }
    preview(row) {
      const { model } = this.chat;
      const { last } = row;
      if (!last) return "";
      const text = last.deleted ? t.deleted : last.text ?? t.attachmentOnly;
      if (last.kind === "system" || row.kind === "direct" && last.sender !== model.me) return text;
      return `${last.sender === model.me ? t.you : model.people.name(last.sender)}: ${text}`;
    }
  };
  function rowContent(row, looks) {
    const face = h("span", { class: "row-face" }, avatar(row.peer?.user ?? row.room, looks.name));
    if (looks.listing) face.append(h("span", { class: "row-thumb", "aria-hidden": "true" }, looks.listing.emoji));
    const marks = `${looks.pinned ? "📌" : ""}${looks.muted ? "🔕" : ""}`;
    const head = h(
      "span",
      { class: "row-line" },
      h("span", { class: "row-name", dir: "auto" }, looks.name),
      marks !== "" && h("span", { class: "row-marks" }, marks),
      h("span", { class: "row-time" }, looks.time)
    );
    const listing = looks.listing && h(
      "span",
      { class: "row-line row-listing" },
      h("span", { class: "row-listing-title" }, looks.listing.title),
      h("span", { class: "row-listing-price" }, looks.listing.price)
    );
    const badge = looks.badge > 999 ? "999+" : String(looks.badge);
    const foot = h(
      "span",
      { class: "row-line" },
      h("span", { class: "row-preview", dir: "auto" }, looks.preview),
      looks.mentions > 0 && h("span", { class: "badge mention", "data-testid": "row-mentions" }, "@"),
      looks.badge > 0 && h("span", { class: looks.muted ? "badge quiet" : "badge", "data-testid": "row-unread" }, looks.onlyMarked ? "•" : badge)
    );
    const body = h("span", { class: "row-body" }, head, listing, foot);
    return [face, body];
  }

  // src/ui/menu.ts
  var close;
  function closeMenu() {
    close?.();
  }
  function openMenu(anchor, entries, top) {
    closeMenu();
    const run = (entry) => () => {
      closeMenu();
      entry.run();
    };
    const items = entries.map(
      (entry) => h("button", { class: entry.danger ? "menu-item danger" : "menu-item", type: "button", role: "menuitem", onclick: run(entry) }, entry.label)
    );
    const menu = h("div", { class: "menu", role: "menu", "data-testid": "menu" }, top, ...items);
    document.body.append(menu);
    placeNear(menu, anchor);
    const outside = (event) => {
      if (!menu.contains(event.target)) closeMenu();
    };
    const escape = (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      closeMenu();
      anchor.focus();
    };
    setTimeout(() => document.addEventListener("pointerdown", outside, true));
    document.addEventListener("keydown", escape, true);
    close = () => {
      close = void 0;
      menu.remove();
      document.removeEventListener("pointerdown", outside, true);
      document.removeEventListener("keydown", escape, true);
    };
    menu.querySelector("button")?.focus();
  }
  function placeNear(menu, anchor) {
    const margin = 8;
    const box = anchor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = menu;
    const left = Math.min(Math.max(margin, box.right - width), innerWidth - width - margin);
    const below = box.bottom + 4;
    const top = below + height + margin > innerHeight ? Math.max(margin, box.top - height - 4) : below;
    menu.style.left = `${left}px`;
    menu.style.top = `${top}px`;
  }

  // src/ui/new_chat.ts
  function openNewChat(chat, created) {
    openDialog(t.newChat, (close2) => {
      const users = h("input", { class: "field", required: true, autocapitalize: "none", autocomplete: "off", "data-testid": "new-chat-users" });
      const name = h("input", { class: "field", autocomplete: "off", "data-testid": "new-chat-name" });
      const problem = h("p", { class: "form-problem", role: "alert" });
      const submit = async (event) => {
        event.preventDefault();
        const others = [...new Set(users.value.split(/[\s,]+/).filter((user) => user !== "" && user !== chat.model.me))];
        if (others.length === 0) return;
        try {
          const room = await chat.actions.createRoom(others, name.value.trim());
          close2();
          created(room);
        } catch (cause) {
          const failure2 = CallFailure.from(cause);
          problem.textContent = `${errorText(failure2.kind, failure2.message)} (${failure2.message})`;
        }
      };
      return h(
        "form",
        { class: "form", onsubmit: (event) => void submit(event) },
        h("label", {}, t.newChatUsers, users),
        h("label", {}, t.newChatName, name),
        problem,
        h("button", { class: "primary", type: "submit", "data-testid": "new-chat-create" }, t.create)
      );
    });
  }

  // src/ui/composer.ts
  var IDLE_MS = 4e3;
  var BORDERS_PX = 2;
  var IME_KEY_CODE = 229;
  var Composer = class {
    constructor(hooks) {
      this.hooks = hooks;
      const submit = (event) => {
        event.preventDefault();
        void this.submit();
      };
      this.element = h("form", { class: "composer", onsubmit: submit }, this.context, h("div", { class: "composer-line" }, this.field, this.button));
      this.field.addEventListener("keydown", (event) => this.keydown(event));
      this.field.addEventListener("input", () => this.input());
      this.field.addEventListener("blur", () => this.quiet());
      this.resize();
    }
    hooks;
    field = h("textarea", {
      class: "composer-field",
      rows: "1",
      placeholder: t.writeMessage,
      "aria-label": t.writeMessage,
      "data-testid": "composer",
      enterkeyhint: "send"
    });
    button = h("button", { class: "composer-send", type: "submit", "data-testid": "send" }, t.send);
    contextTitle = h("strong", {});
    contextText = h("span", {});
    context = h(
      "div",
      { class: "composer-context", hidden: true },
      h("div", {}, this.contextTitle, this.contextText),
      h("button", { type: "button", "aria-label": t.cancel, onclick: () => this.hooks.cancelContext() }, "✕")
    );
    element;
    idle;
    busy = false;
    get text() {
      return this.field.value;
    }
    set text(text) {
      this.field.value = text;
      this.resize();
    }
    focus() {
      this.field.focus();
    }
    /** Shows what the text will be: a reply, an edit; nothing for a plain message. */
    setContext(title, text = "", action = t.send) {
      this.context.hidden = title === void 0;
      setText(this.contextTitle, title ?? "");
      setText(this.contextText, text);
      setText(this.button, action);
    }
    /** Ends the typing sign, if one is shown. */
    quiet() {
      clearTimeout(this.idle);
      this.hooks.stopTyping();
    }
    keydown(event) {
      if (event.isComposing || event.keyCode === IME_KEY_CODE) return;
      if (event.key === "Escape") this.hooks.cancelContext();
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      void this.submit();
    }
    input() {
      this.resize();
      clearTimeout(this.idle);
      if (this.text.trim() === "") {
        this.hooks.stopTyping();
        return;
      }
      this.hooks.typing();
      this.idle = setTimeout(() => this.hooks.stopTyping(), IDLE_MS);
    }
    async submit() {
      const text = this.text.trim();
      if (text === "" || this.busy) return;
      const over = this.hooks.excessBytes(text);
      if (over > 0) {
        this.hooks.tooLong(over);
        return;
      }
      this.busy = true;
      try {
        if (await this.hooks.submit(text)) this.text = "";
      } finally {
        this.busy = false;
      }
      this.quiet();
      this.focus();
    }
    resize() {
      this.button.disabled = this.text.trim() === "";
      const { style } = this.field;
      style.height = "auto";
      if (this.field.isConnected) style.height = `${this.field.scrollHeight + BORDERS_PX}px`;
    }
  };

  // src/ui/message.ts
  function messageKey(message, own) {
    return own && message.client_id ? `c ${message.client_id}` : `s ${message.seq}`;
  }
  function messageItem(looks, hooks) {
    const { message, own, outgoing } = looks;
    const { rev, seq, reactions } = message;
    const { name, first, last, readers, direct, quote, offline } = looks;
    return {
      key: messageKey(message, own),
      signature: JSON.stringify([rev, seq, reactions, name, first, last, readers, direct, quote, outgoing?.state, outgoing && offline]),
      make: () => h("div", { "data-testid": "message" }),
      fill: (element) => fill(element, looks, hooks)
    };
  }
  function fill(element, looks, hooks) {
    const { message, own, first, last, outgoing } = looks;
    const state = outgoing?.state ?? "sent";
    const system = message.kind === "system";
    element.className = ["message", system ? "system" : own ? "own" : "other", first && "first", last && "last"].filter(Boolean).join(" ");
    setAttribute(element, "data-seq", message.seq > 0 ? String(message.seq) : void 0);
    setAttribute(element, "data-client-id", message.client_id);
    setAttribute(element, "data-state", state);
    if (system) {
      element.replaceChildren(h("span", { class: "system-text" }, message.text ?? ""));
      return;
    }
    const column = h("div", { class: "message-column" });
    if (!own && first) column.append(h("div", { class: "message-name", dir: "auto" }, looks.name));
    column.append(line(looks, hooks), ...reactionRow(looks, hooks), ...failure(looks, hooks));
    const face = first ? avatar(message.sender, looks.name, "avatar small") : h("span", { class: "avatar-gap" });
    element.replaceChildren(...own ? [column] : [face, column]);
  }
  function line(looks, hooks) {
    const { message, outgoing } = looks;
    const bubble = h("div", { class: message.deleted ? "bubble deleted" : "bubble" });
    const { quote } = looks;
    if (quote && !message.deleted) {
      const show = (event) => {
        event.stopPropagation();
        hooks.showQuoted(message.reply_to ?? 0);
      };
      bubble.append(h("button", { class: "quote", type: "button", onclick: show }, h("strong", {}, quote.name), h("span", {}, quote.text)));
    }
    const text = message.deleted ? t.deleted : message.text ?? t.attachmentOnly;
    bubble.append(h("span", { class: "bubble-text", dir: "auto", "data-testid": "message-text" }, text));
    const settled = !outgoing && !message.deleted;
    const acts = settled ? menuButton(message, hooks) : void 0;
    if (settled && matchMedia("(hover: none)").matches) bubble.addEventListener("click", () => hooks.menu(message, bubble));
    return h("div", { class: "message-line" }, bubble, meta(looks), acts);
  }
  function menuButton(message, hooks) {
    const open = (event) => hooks.menu(message, event.currentTarget);
    return h("button", { class: "message-menu", type: "button", "aria-label": t.more, "data-testid": "message-menu", onclick: open }, "⋯");
  }
  function meta(looks) {
    const { message, own, last, readers, direct, outgoing } = looks;
    const edited = message.edited_ms !== void 0 && !message.deleted && h("span", { class: "message-edited" }, t.edited);
    const time = last && h("time", {}, clockTime(message.at_ms));
    if (!own) return h("span", { class: "meta" }, edited, time);
    return h("span", { class: "meta" }, edited, deliveryMark(outgoing, looks.offline, last, readers, direct), time);
  }
  function deliveryMark(outgoing, offline, last, readers, direct) {
    if (outgoing?.state === "sending") {
      return h("span", { class: "mark-sending" }, offline ? t.waiting : t.sending);
    }
    if (outgoing?.state === "failed" || !last) return false;
    const words = readers === 0 ? t.sent : direct ? t.read : t.readBy(readers);
    return h("span", { class: readers > 0 ? "mark-read" : "mark-sent", "data-testid": "read-mark", "data-readers": String(readers) }, words);
  }
  function reactionRow(looks, hooks) {
    const { message } = looks;
    const reactions = Object.entries(message.reactions ?? {}).filter(([, reaction]) => reaction.count > 0);
    if (reactions.length === 0 || message.deleted) return [];
    const chips = reactions.map(
      ([emoji, { count, mine }]) => h(
        "button",
        {
          class: mine ? "reaction mine" : "reaction",
          type: "button",
          "aria-pressed": String(mine),
          "data-testid": "reaction",
          "data-emoji": emoji,
          onclick: () => hooks.react(message, emoji)
        },
        h("span", {}, emoji),
        h("span", {}, String(count))
      )
    );
    return [h("div", { class: "reactions" }, ...chips)];
  }
  function failure(looks, hooks) {
    const { outgoing } = looks;
    if (outgoing?.state !== "failed") return [];
    const id = outgoing.params.client_id;
    const why = outgoing.failure ? ` ${errorText(outgoing.failure.kind, outgoing.failure.message ?? "")}` : "";
    return [
      h(
        "div",
        { class: "message-failed" },
        h("span", {}, `${t.notSent}.${why}`),
        h("button", { type: "button", "data-testid": "retry", onclick: () => hooks.retry(id) }, t.retry),
        h("button", { type: "button", "data-testid": "discard", onclick: () => hooks.discard(id) }, t.discard)
      )
    ];
  }

  // src/ui/scroller.ts
  var BOTTOM_SLACK_PX = 48;
  var Scroller = class {
    constructor(element, content, scrolled) {
      this.element = element;
      this.scrolled = scrolled;
      element.addEventListener("scroll", () => {
        this.pinned = this.distanceToBottom() <= BOTTOM_SLACK_PX;
        this.scrolled();
      });
      this.resizes.observe(element);
      this.resizes.observe(content);
    }
    element;
    scrolled;
    pinned = true;
    resizes = new ResizeObserver(() => {
      if (this.pinned) this.toBottom();
    });
    get atBottom() {
      return this.pinned;
    }
    destroy() {
      this.resizes.disconnect();
    }
    toBottom() {
      this.pinned = true;
      this.element.scrollTop = this.element.scrollHeight;
    }
    /** Runs `change` and keeps what the reader sees where it was; the browser's own anchoring is off in the styles. */
    around(change) {
      const anchor = this.pinned ? void 0 : this.firstVisible();
      const before = anchor?.getBoundingClientRect().top ?? 0;
      change();
      if (this.pinned) this.toBottom();
      else if (anchor?.isConnected) this.element.scrollTop += anchor.getBoundingClientRect().top - before;
    }
    reveal(target) {
      this.pinned = false;
      target.scrollIntoView({ block: "center" });
    }
    firstVisible() {
      const box = this.element.getBoundingClientRect();
      const at = document.elementFromPoint(box.left + box.width / 2, box.top + 1);
      for (const message of this.element.querySelectorAll("[data-testid=message]")) {
        if (message.contains(at) || message.getBoundingClientRect().bottom > box.top) return message;
      }
      return void 0;
    }
    distanceToBottom() {
      const { scrollHeight, scrollTop, clientHeight } = this.element;
      return scrollHeight - scrollTop - clientHeight;
    }
  };

  // src/ui/history.ts
  var LOAD_AHEAD_PX2 = 500;
  var RUN_MS = 3 * 6e4;
  var DIVIDER_KEY = "divider";
  var FLASH_MS = 1200;
  var HistoryView = class {
    constructor(chat, room, hooks) {
      this.chat = chat;
      this.room = room;
      this.hooks = hooks;
      this.scroller = new Scroller(this.scroll, this.content, () => this.scrolled());
      this.latest.addEventListener("click", () => {
        this.scroller.toBottom();
        this.scrolled();
      });
      this.above.addEventListener("click", () => void this.showDivider());
    }
    chat;
    room;
    hooks;
    top = h("div", { class: "history-top" });
    items = h("div", { class: "history-items" });
    content = h("div", { class: "history-content" }, this.top, this.items);
    scroll = h("div", { class: "history", "data-testid": "history", tabindex: "0" }, this.content);
    above = h("button", { class: "chip above", type: "button", "data-testid": "jump-to-new", hidden: true });
    latest = h("button", { class: "chip below", type: "button", "data-testid": "jump-to-latest", hidden: true });
    element = h("div", { class: "history-frame" }, this.scroll, this.above, this.latest);
    keyed = new KeyedList(this.items);
    scroller;
    /** Messages with a higher ord are new to the reader; set when unread ones are found or come while nobody looks. */
    dividerOrd;
    unreadBefore = 0;
    knowsRow = false;
    toldAbove = false;
    destroy() {
      this.scroller.destroy();
    }
    /** The reader has looked at everything and spoken: the divider has done its work. */
    ownMessageSent() {
      this.dividerOrd = void 0;
      this.scroller.toBottom();
    }
    /** True while a person is looking at the latest messages. */
    get watched() {
      return this.scroller.atBottom && document.visibilityState === "visible" && document.hasFocus();
    }
    render() {
      const row = this.chat.model.rooms.rows.get(this.room);
      if (row) this.moveDivider(row);
      const timeline = this.chat.model.timelines.get(this.room);
      this.scroller.around(() => {
        this.keyed.render(row && timeline?.loaded ? this.entries(row) : []);
        setText(this.top, this.topText(timeline));
      });
      this.renderChips(row);
      this.loadOlder();
      if (this.watched) void this.chat.actions.markRead(this.room);
    }
    scrolled() {
      this.loadOlder();
      this.renderChips(this.chat.model.rooms.rows.get(this.room));
      if (this.watched) void this.chat.actions.markRead(this.room);
    }
    loadOlder() {
      if (this.scroll.scrollTop < LOAD_AHEAD_PX2) void this.chat.history.older(this.room);
    }
    topText(timeline) {
      if (!timeline?.loaded || timeline.more) return t.loading;
      return timeline.messages.length === 0 ? t.noMessages : t.beginning;
    }
    moveDivider(row) {
      const first = !this.knowsRow;
      this.knowsRow = true;
      const began = row.unread > 0 && this.unreadBefore === 0;
      this.unreadBefore = row.unread;
      if (began && (first || !this.watched)) this.dividerOrd = row.head_ord - row.unread;
    }
    entries(row) {
      const { model, outbox } = this.chat;
      const { messages } = model.timeline(this.room);
      const arrived = new Set(messages.filter((message) => message.sender === model.me).map((message) => message.client_id));
      const waiting = outbox.of(this.room).filter((item) => !arrived.has(item.params.client_id));
      const shown = [
        ...messages.map((message) => [message, void 0]),
        ...waiting.map((item) => [draftOf(item, model.me), item])
      ];
      const divider = this.dividerIndex(messages);
      const items = [];
      shown.forEach(([message, outgoing], index) => {
        const before = shown[index - 1]?.[0];
        const after = shown[index + 1]?.[0];
        if (!before || dayKey(before.at_ms) !== dayKey(message.at_ms)) items.push(this.dayItem(message.at_ms));
        if (index === divider) items.push(dividerItem());
        const broken = index === divider || !before || !oneRun(before, message);
        const looks = this.looks(row, message, outgoing);
        looks.first = broken;
        looks.last = !after || index + 1 === divider || !oneRun(message, after);
        items.push(messageItem(looks, this.messageHooks()));
      });
      return items;
    }
    looks(row, message, outgoing) {
      const { model } = this.chat;
      const own = message.sender === model.me;
      return {
        message,
        own,
        name: model.people.name(message.sender),
        first: true,
        last: true,
        readers: own && !outgoing ? this.readersOf(message.seq) : 0,
        direct: row.kind === "direct",
        quote: this.quoteOf(message),
        outgoing,
        offline: !this.chat.client.connected
      };
    }
    readersOf(seq) {
      const { people, me } = this.chat.model;
      let count = 0;
      for (const [user, readSeq] of people.readers(this.room) ?? []) if (user !== me && readSeq >= seq) count += 1;
      return count;
    }
    quoteOf(message) {
      if (message.reply_to === void 0) return void 0;
      const quoted = this.chat.history.quote(this.room, message.reply_to);
      if (!quoted) return { name: t.quoteGone, text: "…" };
      const text = quoted.deleted ? t.deleted : quoted.text ?? t.attachmentOnly;
      return { name: this.chat.model.people.name(quoted.sender), text };
    }
    messageHooks() {
      const { outbox } = this.chat;
      return {
        ...this.hooks,
        showQuoted: (seq) => void this.showMessage(seq),
        retry: (clientId) => outbox.retry(clientId),
        discard: (clientId) => outbox.remove(clientId)
      };
    }
    dayItem(atMs) {
      const label = dayLabel(atMs, this.chat.model.nowMs());
      return {
        key: `day ${dayKey(atMs)}`,
        signature: label,
        make: () => h("div", { class: "day" }),
        fill: (element) => element.replaceChildren(h("span", {}, label))
      };
    }
    /** Where the divider goes; -1 if nothing is new or its place is not loaded yet. */
    dividerIndex(messages) {
      const ord = this.dividerOrd;
      if (ord === void 0) return -1;
      const index = messages.findIndex((message) => message.ord > ord && message.sender !== this.chat.model.me);
      const placeUnknown = index === 0 && this.chat.model.timeline(this.room).more;
      return placeUnknown ? -1 : index;
    }
    renderChips(row) {
      const unread = row?.unread ?? 0;
      this.latest.hidden = this.scroller.atBottom;
      setText(this.latest, `↓ ${unread > 0 ? t.newCount(unread) : t.latest}`);
      const divider = this.keyed.get(DIVIDER_KEY);
      const topEdge = this.scroll.getBoundingClientRect().top;
      const visible = divider !== void 0 && divider.getBoundingClientRect().top >= topEdge;
      if (visible || this.dividerOrd === void 0) this.toldAbove = true;
      const loaded = this.chat.model.timelines.get(this.room)?.loaded ?? false;
      this.above.hidden = this.toldAbove || !loaded;
      setText(this.above, `↑ ${t.newMessages}`);
    }
    async showDivider() {
      this.toldAbove = true;
      const { model, history: history2 } = this.chat;
      const timeline = model.timeline(this.room);
      for (let pages = 0; pages < 20 && this.dividerIndex(timeline.messages) < 0 && timeline.more; pages += 1) {
        await history2.older(this.room, 200);
      }
      this.render();
      const divider = this.keyed.get(DIVIDER_KEY);
      if (divider) this.scroller.reveal(divider);
    }
    async showMessage(seq) {
      const { model, history: history2 } = this.chat;
      await history2.reach(this.room, seq);
      this.render();
      const message = model.timeline(this.room).get(seq);
      const element = message && this.keyed.get(messageKey(message, message.sender === model.me));
      if (!element) return;
      this.scroller.reveal(element);
      element.classList.add("flash");
      setTimeout(() => element.classList.remove("flash"), FLASH_MS);
    }
  };
  function dividerItem() {
    return {
      key: DIVIDER_KEY,
      signature: "",
      make: () => h("div", { class: "divider", "data-testid": "divider" }),
      fill: (element) => element.replaceChildren(h("span", {}, t.newMessages))
    };
  }
  function oneRun(a, b) {
    const near = b.at_ms - a.at_ms < RUN_MS && dayKey(a.at_ms) === dayKey(b.at_ms);
    return near && a.sender === b.sender && a.kind !== "system" && b.kind !== "system";
  }
  function draftOf(item, me) {
    const { text, client_id, reply_to } = item.params;
    const draft = { seq: item.seq ?? 0, ord: 0, rev: 0, sender: me, client_id, at_ms: item.atMs, text };
    if (reply_to !== void 0) draft.reply_to = reply_to;
    return draft;
  }

  // src/ui/room.ts
  var QUICK_REACTIONS = ["👍", "❤️", "😂", "🎉", "🙏", "😮"];
  var MUTE_MS = 365 * 24 * 36e5;
  var RoomView = class {
    constructor(chat, room, hooks) {
      this.chat = chat;
      this.room = room;
      this.hooks = hooks;
      const { actions } = chat;
      this.history = new HistoryView(chat, room, {
        menu: (message, anchor) => this.messageMenu(message, anchor),
        react: (message, emoji) => void actions.toggleReaction(message, room, emoji)
      });
      this.composer = new Composer({
        submit: (text) => this.submit(text),
        typing: () => actions.typing(room),
        stopTyping: () => actions.stopTyping(),
        excessBytes: (text) => Math.max(0, new TextEncoder().encode(text).length - chat.model.textBytesMax),
        cancelContext: () => this.setContext(void 0),
        tooLong: (over) => hooks.toast(t.tooLong(over))
      });
      this.menuButton.addEventListener("click", () => this.roomMenu());
      const back = h("button", { class: "icon-button back", type: "button", "aria-label": t.back, "data-testid": "back", onclick: () => hooks.back() }, "‹");
      const names = h("div", { class: "room-names" }, this.title, this.subtitle);
      const head = h("header", { class: "room-head" }, back, this.face, names, this.menuButton);
      this.element = h(
        "section",
        { class: "room", "data-room": room },
        head,
        this.product,
        this.request,
        this.history.element,
        this.typing,
        this.composer.element
      );
    }
    chat;
    room;
    hooks;
    face = h("span", { class: "room-face" });
    title = h("h1", { class: "room-title", "data-testid": "room-title", dir: "auto" });
    subtitle = h("p", { class: "room-subtitle" });
    menuButton = h("button", { class: "icon-button", type: "button", "aria-label": t.more, "data-testid": "room-menu" }, "⋮");
    product = h("div", { class: "product", hidden: true });
    request = h("div", { class: "request", hidden: true });
    typing = h("div", { class: "typing", "data-testid": "typing", "aria-live": "polite" });
    history;
    composer;
    element;
    context;
    headLooks = "";
    focus() {
      this.composer.focus();
    }
    destroy() {
      this.composer.quiet();
      this.history.destroy();
    }
    render() {
      const row = this.chat.model.rooms.rows.get(this.room);
      if (row) this.renderHead(row);
      setText(this.typing, this.typingText());
      this.history.render();
    }
    renderHead(row) {
      const name = roomName(row, this.chat.model);
      setText(this.title, name);
      setText(this.subtitle, this.subtitleText(row));
      const listing = listingOf(row.data);
      const looks = JSON.stringify([name, listing, row.request]);
      if (looks === this.headLooks) return;
      this.headLooks = looks;
      this.face.replaceChildren(avatar(row.peer?.user ?? row.room, name, "avatar small"));
      this.product.hidden = listing === void 0;
      if (listing) {
        const thumb = h("span", { class: "product-thumb", "aria-hidden": "true" }, listing.emoji);
        const words = h("span", { class: "product-words" }, h("span", { class: "product-title" }, listing.title), h("strong", {}, listing.price));
        this.product.replaceChildren(thumb, words);
      }
      this.request.hidden = row.request !== true;
      const accept = h("button", { type: "button", "data-testid": "accept", onclick: () => void this.chat.actions.accept(this.room) }, t.accept);
      this.request.replaceChildren(h("span", {}, t.requestText(name)), accept);
    }
    subtitleText(row) {
      const { people } = this.chat.model;
      if (!row.peer) {
        const count = people.readers(this.room)?.size;
        return count === void 0 ? "" : t.members(count);
      }
      const presence = people.presence.get(row.peer.user);
      if (presence?.online) return t.online;
      return presence?.last_active_ms ? t.lastActive(relativeTime(presence.last_active_ms, this.chat.model.nowMs())) : "";
    }
    typingText() {
      const { people } = this.chat.model;
      const names = people.typing(this.room).map((user) => people.name(user));
      const [first, second] = names;
      if (first === void 0) return "";
      if (second === void 0) return t.typingOne(first);
      return names.length === 2 ? t.typingTwo(first, second) : t.typingMany(names.length);
    }
    async submit(text) {
      const { actions } = this.chat;
      if (this.context?.kind === "edit") {
        const { message } = this.context;
        const done = text === message.text || await actions.edit(message, this.room, text);
        if (done) this.setContext(void 0);
        return done;
      }
      const taken = actions.send(this.room, text, this.context?.message.seq);
      if (!taken) {
        this.hooks.toast(t.outboxFull);
        return false;
      }
      this.setContext(void 0);
      this.history.ownMessageSent();
      return true;
    }
    setContext(context) {
      const wasEdit = this.context?.kind === "edit";
      this.context = context;
      if (context?.kind === "edit") {
        this.composer.text = context.message.text ?? "";
        this.composer.setContext(t.editing, context.message.text ?? "", t.save);
      } else {
        if (wasEdit) this.composer.text = "";
        const name = context && this.chat.model.people.name(context.message.sender);
        this.composer.setContext(name && t.replyingTo(name), context?.message.text ?? "");
      }
      if (context) this.composer.focus();
    }
    messageMenu(message, anchor) {
      const { actions, model } = this.chat;
      const own = message.sender === model.me;
      const role = model.rooms.rows.get(this.room)?.role ?? "member";
      const entries = [{ label: t.reply, run: () => this.setContext({ kind: "reply", message }) }];
      if (message.text && navigator.clipboard) entries.push({ label: t.copy, run: () => void navigator.clipboard.writeText(message.text ?? "") });
      if (own) entries.push({ label: t.edit, run: () => this.setContext({ kind: "edit", message }) });
      if (own || role !== "member") entries.push({ label: t.remove, danger: true, run: () => void actions.remove(message, this.room) });
      openMenu(anchor, entries, this.reactionBar(message));
    }
    reactionBar(message) {
      const buttons = QUICK_REACTIONS.map((emoji) => {
        const mine = message.reactions?.[emoji]?.mine ?? false;
        const button = h("button", { class: mine ? "mine" : "", type: "button", "data-emoji": emoji }, emoji);
        button.addEventListener("click", () => {
          closeMenu();
          void this.chat.actions.toggleReaction(message, this.room, emoji);
        });
        return button;
      });
      return h("div", { class: "menu-reactions", role: "group", "aria-label": t.react }, ...buttons);
    }
    roomMenu() {
      const row = this.chat.model.rooms.rows.get(this.room);
      if (!row) return;
      const { actions } = this.chat;
      const { pinned = false } = row.settings;
      const muted = isMuted(row);
      const markUnread = async () => {
        if (await actions.markUnread(this.room)) this.hooks.back();
      };
      openMenu(this.menuButton, [
        { label: pinned ? t.unpin : t.pin, run: () => void actions.settle(this.room, { pinned: !pinned }) },
        { label: muted ? t.unmute : t.mute, run: () => void actions.settle(this.room, { muted_until_ms: muted ? 0 : Date.now() + MUTE_MS }) },
        { label: t.markUnread, run: () => void markUnread() }
      ]);
    }
  };

  // src/ui/status.ts
  var RESUMED_SHOWN_MS = 3e3;
  var QUIET_CONNECT_MS = 800;
  var TICK_MS = 250;
  var StatusView = class {
    dot = h("span", { class: "status", "data-testid": "status", "data-state": "connecting" }, t.connecting);
    text = h("span", {});
    button = h("button", { class: "banner-button", type: "button" });
    banner = h("div", { class: "banner", role: "status", "data-testid": "banner", hidden: true }, this.text, this.button);
    timer;
    client;
    tried = false;
    constructor() {
      this.button.addEventListener("click", () => {
        if (this.client?.status.state === "stopped") location.reload();
        else this.client?.retryNow();
      });
    }
    attach(client) {
      this.client = client;
    }
    show(status) {
      clearTimeout(this.timer);
      const words = { connecting: t.connecting, connected: t.connected, offline: t.offline, stopped: t.stopped };
      setAttribute(this.dot, "data-state", status.state);
      setText(this.dot, words[status.state]);
      setAttribute(this.banner, "data-state", status.state);
      if (status.state === "connecting") this.showConnecting();
      else if (status.state === "connected") this.showConnected(status.again);
      else if (status.state === "offline") this.countDown(status.retryAtMs);
      else this.say(stopText(status.code), t.reload);
      this.tried = true;
    }
    // A connection that comes quickly needs no words, so the first moment is silent.
    showConnecting() {
      if (this.tried) this.say(t.connecting);
      else this.timer = setTimeout(() => this.say(t.connecting), QUIET_CONNECT_MS);
    }
    showConnected(again) {
      if (!again) {
        this.banner.hidden = true;
        return;
      }
      this.say(t.resumed);
      this.timer = setTimeout(() => this.banner.hidden = true, RESUMED_SHOWN_MS);
    }
    countDown(retryAtMs) {
      const seconds = Math.max(1, Math.ceil((retryAtMs - Date.now()) / 1e3));
      this.say(t.retryIn(seconds), t.retryNow);
      this.timer = setTimeout(() => this.countDown(retryAtMs), TICK_MS);
    }
    say(text, action = "") {
      setText(this.text, text);
      setText(this.button, action);
      this.button.hidden = action === "";
      this.banner.hidden = false;
    }
  };
  function stopText(code) {
    if (code === 4101) return t.stoppedLogin;
    if (code === 4102) return t.stoppedDevice;
    if (code === 4109) return t.stoppedTaken;
    return t.stoppedOther(code);
  }

  // src/ui/toasts.ts
  var SHOWN_MS = 5e3;
  var TOASTS_MAX = 3;
  var Toasts = class {
    element = h("div", { class: "toasts", role: "status", "aria-live": "polite", "data-testid": "toasts" });
    show(text) {
      const same = [...this.element.children].find((toast2) => toast2.textContent === text);
      same?.remove();
      while (this.element.children.length >= TOASTS_MAX) this.element.firstElementChild?.remove();
      const toast = h("div", { class: "toast", "data-testid": "toast" }, text);
      this.element.append(toast);
      setTimeout(() => toast.remove(), SHOWN_MS);
    }
    showFailure(failure2) {
      this.show(errorText(failure2.kind, failure2.message));
    }
  };

  // src/ui/users.ts
  async function fetchDemoUsers() {
    try {
      const response = await fetch("/demo/users");
      return response.ok ? await response.json() : [];
    } catch {
      return [];
    }
  }
  function userChooser(users, me, chosen) {
    const options = users.map((user) => userOption(user, user.user === me, chosen));
    const search = h("input", { class: "field", type: "search", placeholder: t.searchUsers, "aria-label": t.searchUsers });
    search.addEventListener("input", () => {
      const wanted = search.value.trim().toLowerCase();
      for (const option of options) option.hidden = !(option.textContent ?? "").toLowerCase().includes(wanted);
    });
    return h("div", { class: "chooser" }, search, h("div", { class: "chooser-list" }, ...options));
  }
  function userOption({ user, name, token }, isMe, chosen) {
    const href = `${location.pathname}#token=${encodeURIComponent(token)}`;
    const option = h(
      "a",
      { class: "chooser-option", href, target: "_blank", rel: "noopener", "data-testid": "user-option", "data-user": user, onclick: chosen },
      avatar(user, name, "avatar small"),
      h("span", { class: "chooser-name" }, name),
      h("span", { class: "chooser-id" }, isMe ? t.you : user)
    );
    setAttribute(option, "aria-current", isMe ? "true" : void 0);
    return option;
  }

  // src/ui/app.ts
  var REFRESH_MS = 2e4;
  var App = class {
    chat;
    toasts = new Toasts();
    status = new StatusView();
    list;
    total = h("span", { class: "badge", "data-testid": "total-unread" }, "0");
    myFace = h("span", { class: "row-face" });
    myName = h("strong", { class: "me-name", dir: "auto" });
    switchButton = h("button", { class: "switch", type: "button", "data-testid": "switch-user", hidden: true }, t.switchUser);
    empty = h("section", { class: "room empty" }, h("p", {}, t.pickRoom));
    main = h("div", { class: "pane" }, this.empty);
    shell;
    roomView;
    constructor(identity) {
      this.chat = new Chat(identity, {
        redraw: () => this.render(),
        status: (status) => this.status.show(status),
        failed: (failure2) => this.toasts.showFailure(failure2),
        roomGone: (room) => this.roomGone(room),
        expiring: () => this.toasts.show(t.expiring)
      });
      this.status.attach(this.chat.client);
      this.list = new ListView(this.chat, (room) => this.openRoom(room, "push"));
      const side = h("aside", { class: "side" }, this.sideHead(), this.list.element);
      this.shell = h("div", { class: "shell" }, side, this.main);
    }
    start(container) {
      container.replaceChildren(this.status.banner, this.shell, this.toasts.element);
      window.addEventListener("popstate", () => this.followAddress());
      window.addEventListener("focus", () => this.render());
      document.addEventListener("visibilitychange", () => this.render());
      setInterval(() => this.render(), REFRESH_MS);
      this.followAddress();
      this.render();
      this.chat.start();
      void fetchDemoUsers().then((users) => this.offerUsers(users));
    }
    sideHead() {
      const create = () => openNewChat(this.chat, (room) => this.openRoom(room, "push"));
      const newChat = h("button", { class: "icon-button", type: "button", "aria-label": t.newChat, title: t.newChat, "data-testid": "new-chat", onclick: create }, "+");
      const more = h("button", { class: "icon-button", type: "button", "aria-label": t.more, "data-testid": "app-menu" }, "⋮");
      more.addEventListener("click", () => openMenu(more, this.appMenu()));
      const me = h("div", { class: "me" }, this.myFace, h("div", { class: "me-words" }, this.myName, this.status.dot));
      const heading = h("div", { class: "side-heading" }, h("h2", {}, t.chats), this.total);
      return h("header", { class: "side-head" }, h("div", { class: "side-top" }, me, this.switchButton, newChat, more), heading);
    }
    appMenu() {
      return [{ label: t.language, run: switchLanguage }];
    }
    offerUsers(users) {
      for (const { user, name } of users) this.chat.model.people.learn(user, name);
      if (users.length === 0) return;
      this.switchButton.hidden = false;
      this.switchButton.addEventListener(
        "click",
        () => openDialog(
          t.switchUser,
          (close2) => h("div", { class: "form" }, h("p", { class: "hint" }, t.switchHint), userChooser(users, this.chat.model.me, close2))
        )
      );
      this.chat.changed();
    }
    render() {
      const { model } = this.chat;
      this.list.render();
      this.showRoom(model.openRoom);
      this.roomView?.render();
      this.renderMe(model.people.name(model.me));
      const total = model.rooms.total();
      setText(this.total, String(total));
      setAttribute(this.total, "data-total", String(total));
      this.total.hidden = total === 0;
      document.title = total > 0 ? `(${total}) Bongsu` : "Bongsu";
      this.shell.classList.toggle("in-room", model.openRoom !== void 0);
    }
    renderMe(name) {
      if (this.myName.textContent === name) return;
      this.myName.textContent = name;
      this.myFace.replaceChildren(avatar(this.chat.model.me, name, "avatar small"));
    }
    showRoom(room) {
      if (this.roomView?.room === room) return;
      closeMenu();
      this.roomView?.destroy();
      this.roomView = void 0;
      if (room === void 0) {
        this.main.replaceChildren(this.empty);
        return;
      }
      this.roomView = new RoomView(this.chat, room, {
        back: () => this.closeRoom(),
        toast: (text) => this.toasts.show(text)
      });
      this.main.replaceChildren(this.roomView.element);
      if (!matchMedia("(pointer: coarse)").matches) this.roomView.focus();
    }
    openRoom(room, address) {
      if (address === "push" && roomFromAddress() !== room) history.pushState(null, "", `#room=${encodeURIComponent(room)}`);
      if (this.chat.model.openRoom !== room) this.chat.actions.open(room);
    }
    closeRoom() {
      if (roomFromAddress()) history.pushState(null, "", location.pathname + location.search);
      this.chat.actions.close();
    }
    followAddress() {
      const room = roomFromAddress();
      if (room) this.openRoom(room, "keep");
      else if (this.chat.model.openRoom) this.chat.actions.close();
    }
    roomGone(room) {
      if (this.chat.model.openRoom !== room) return;
      this.toasts.show(t.roomGone);
      this.closeRoom();
    }
  };

  // src/ui/welcome.ts
  function showWelcome(app, badToken) {
    const demo = h("div", {});
    const page = `${location.origin}${location.pathname}#token=TOKEN`;
    app.replaceChildren(
      h(
        "main",
        { class: "welcome", "data-testid": "welcome" },
        h("h1", {}, t.welcomeTitle),
        badToken && h("p", { class: "form-problem" }, t.badToken),
        h("p", {}, t.welcomeText),
        h("pre", {}, "bongsu token --data DIR --user ID"),
        h("p", {}, t.welcomeThen),
        h("pre", {}, page),
        demo
      )
    );
    void fetchDemoUsers().then((users) => {
      if (users.length > 0) demo.append(h("p", {}, t.welcomeDemo), userChooser(users, void 0, () => {
      }));
    });
  }

  // src/main.ts
  async function start() {
    document.documentElement.lang = language;
    const container = document.getElementById("app");
    if (!container) throw new Error("the page has no #app element");
    const gaveToken = takeTokenFromAddress();
    const identity = await loadIdentity();
    if (!identity) {
      showWelcome(container, gaveToken);
    } else {
      const app = new App(identity);
      window.bongsu = handleOf(app);
      app.start(container);
    }
    window.addEventListener("hashchange", () => {
      if (takeTokenFromAddress()) location.reload();
    });
  }
  function handleOf({ chat }) {
    return {
      disconnect: (holdMs) => chat.client.dropSocket(holdMs),
      state: () => ({
        status: chat.client.status,
        user: chat.model.me,
        device: chat.identity.device,
        session: chat.model.session,
        epoch: chat.model.epoch,
        user_rev: chat.sync.facts.rev,
        room: chat.model.openRoom,
        rooms: chat.model.rooms.rows.size,
        unread_total: chat.model.rooms.total(),
        unsent: chat.outbox.size,
        seen: Object.fromEntries(chat.model.seen)
      })
    };
  }
  void start();
})();
