// Being someone else: the users a demo server offers, each opened in a tab of its own.

import type { UserId } from '../protocol.ts';
import { avatar } from './avatar.ts';
import { h, setAttribute } from './dom.ts';
import { t } from './text.ts';

export interface DemoUser {
  user: UserId;
  name: string;
  token: string;
}

/** The users of a demo server; empty where the server offers none. */
export async function fetchDemoUsers(): Promise<DemoUser[]> {
  try {
    const response = await fetch('/demo/users');
    return response.ok ? ((await response.json()) as DemoUser[]) : [];
  } catch {
    return [];
  }
}

/** A searchable list of users; choosing one opens a tab that is logged in as them. */
export function userChooser(users: DemoUser[], me: UserId | undefined, chosen: () => void): HTMLElement {
  const options = users.map((user) => userOption(user, user.user === me, chosen));
  const search = h('input', { class: 'field', type: 'search', placeholder: t.searchUsers, 'aria-label': t.searchUsers });
  search.addEventListener('input', () => {
    const wanted = search.value.trim().toLowerCase();
    for (const option of options) option.hidden = !(option.textContent ?? '').toLowerCase().includes(wanted);
  });
  return h('div', { class: 'chooser' }, search, h('div', { class: 'chooser-list' }, ...options));
}

function userOption({ user, name, token }: DemoUser, isMe: boolean, chosen: () => void): HTMLElement {
  // A link without an opener starts with empty session storage: the new tab is a device of its own.
  const href = `${location.pathname}#token=${encodeURIComponent(token)}`;
  const option = h(
    'a',
    { class: 'chooser-option', href, target: '_blank', rel: 'noopener', 'data-testid': 'user-option', 'data-user': user, onclick: chosen },
    avatar(user, name, 'avatar small'),
    h('span', { class: 'chooser-name' }, name),
    h('span', { class: 'chooser-id' }, isMe ? t.you : user),
  );
  setAttribute(option, 'aria-current', isMe ? 'true' : undefined);
  return option;
}
