// The form that opens a new room with one other (direct) or several (group).

import type { Chat } from '../chat.ts';
import { CallFailure } from '../net/failure.ts';
import type { RoomId } from '../protocol.ts';
import { openDialog } from './dialog.ts';
import { h } from './dom.ts';
import { errorText, t } from './text.ts';

export function openNewChat(chat: Chat, created: (room: RoomId) => void): void {
  openDialog(t.newChat, (close) => {
    const users = h('input', { class: 'field', required: true, autocapitalize: 'none', autocomplete: 'off', 'data-testid': 'new-chat-users' });
    const name = h('input', { class: 'field', autocomplete: 'off', 'data-testid': 'new-chat-name' });
    const problem = h('p', { class: 'form-problem', role: 'alert' });
    const submit = async (event: Event) => {
      event.preventDefault();
      const others = [...new Set(users.value.split(/[\s,]+/).filter((user) => user !== '' && user !== chat.model.me))];
      if (others.length === 0) return;
      try {
        const room = await chat.actions.createRoom(others, name.value.trim());
        close();
        created(room);
      } catch (cause) {
        const failure = CallFailure.from(cause);
        problem.textContent = `${errorText(failure.kind, failure.message)} (${failure.message})`;
      }
    };
    return h(
      'form',
      { class: 'form', onsubmit: (event: Event) => void submit(event) },
      h('label', {}, t.newChatUsers, users),
      h('label', {}, t.newChatName, name),
      problem,
      h('button', { class: 'primary', type: 'submit', 'data-testid': 'new-chat-create' }, t.create),
    );
  });
}
