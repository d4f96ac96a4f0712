// Starts the page: logs in from the address, or says how to; and leaves a handle for tests.

import { loadIdentity, takeTokenFromAddress } from './identity.ts';
import { App } from './ui/app.ts';
import { language } from './ui/text.ts';
import { showWelcome } from './ui/welcome.ts';

interface Handle {
  /** Drops the socket as a network loss would; `holdMs` is how long to stay away. */
  disconnect(holdMs?: number): void;
  state(): object;
}

declare global {
  interface Window {
    bongsu?: Handle;
  }
}

async function start(): Promise<void> {
  document.documentElement.lang = language;
  const container = document.getElementById('app');
  if (!container) throw new Error('the page has no #app element');
  const gaveToken = takeTokenFromAddress();
  const identity = await loadIdentity();
  if (!identity) {
    showWelcome(container, gaveToken);
  } else {
    const app = new App(identity);
    window.bongsu = handleOf(app);
    app.start(container);
  }
  // A link with a token, pasted into this tab, logs in anew.
  window.addEventListener('hashchange', () => {
    if (takeTokenFromAddress()) location.reload();
  });
}

function handleOf({ chat }: App): Handle {
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
      seen: Object.fromEntries(chat.model.seen),
    }),
  };
}

void start();
