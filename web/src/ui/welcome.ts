// What a visitor without a token sees: how to get one, or whom to be on a demo server.

import { h } from './dom.ts';
import { t } from './text.ts';
import { fetchDemoUsers, userChooser } from './users.ts';

export function showWelcome(app: HTMLElement, badToken: boolean): void {
  const demo = h('div', {});
  const page = `${location.origin}${location.pathname}#token=TOKEN`;
  app.replaceChildren(
    h(
      'main',
      { class: 'welcome', 'data-testid': 'welcome' },
      h('h1', {}, t.welcomeTitle),
      badToken && h('p', { class: 'form-problem' }, t.badToken),
      h('p', {}, t.welcomeText),
      h('pre', {}, 'bongsu token --data DIR --user ID'),
      h('p', {}, t.welcomeThen),
      h('pre', {}, page),
      demo,
    ),
  );
  void fetchDemoUsers().then((users) => {
    if (users.length > 0) demo.append(h('p', {}, t.welcomeDemo), userChooser(users, undefined, () => {}));
  });
}
