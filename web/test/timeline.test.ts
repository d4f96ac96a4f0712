import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timeline } from '../src/state/timeline.ts';
import { BOB, ME, message, newMessage, page, record } from './build.ts';

function loaded(): Timeline {
  const timeline = new Timeline(ME);
  timeline.beginFetch();
  timeline.merge(page(6, 10, 10, true), 'latest');
  timeline.endFetch();
  return timeline;
}

function seqs(timeline: Timeline): number[] {
  return timeline.messages.map((each) => each.seq);
}

test('records append in order and a replay changes nothing', () => {
  const timeline = loaded();
  assert.equal(timeline.receive(newMessage(11)), 'applied');
  assert.equal(timeline.receive(newMessage(11)), 'ignored');
  assert.deepEqual(seqs(timeline), [6, 7, 8, 9, 10, 11]);
});

test('a record changes a message only if it is newer than its rev', () => {
  const timeline = new Timeline(ME);
  timeline.beginFetch();
  timeline.merge({ ...page(1, 1, 9, false), messages: [message(1, { rev: 9, text: 'final' })], to_seq: 9 }, 'latest');
  timeline.endFetch();
  timeline.receive(record('message.edited', 5, { target: 1, text: 'older', actor: BOB }));
  assert.equal(timeline.get(1)!.text, 'final');
  timeline.receive(record('message.edited', 10, { target: 1, text: 'newer', actor: BOB }));
  assert.equal(timeline.get(1)!.text, 'newer');
});

test('a missing stretch is told and then filled', () => {
  const timeline = loaded();
  assert.equal(timeline.receive(newMessage(13)), 'hole');
  timeline.beginFetch();
  timeline.merge(page(11, 13, 13, false), 'newer');
  timeline.endFetch();
  assert.deepEqual(seqs(timeline), [6, 7, 8, 9, 10, 11, 12, 13]);
});

test('records that overtake the first page are kept', () => {
  const timeline = new Timeline(ME);
  timeline.beginFetch();
  timeline.receive(newMessage(11));
  timeline.receive(record('message.deleted', 12, { target: 9, actor: BOB }));
  timeline.merge(page(6, 10, 10, true), 'latest');
  timeline.endFetch();
  assert.deepEqual(seqs(timeline), [6, 7, 8, 9, 10, 11]);
  assert.equal(timeline.get(9)!.deleted, true);
  assert.equal(timeline.toSeq, 12);
});

test('a change that overtakes an older page is not lost', () => {
  const timeline = loaded();
  timeline.beginFetch();
  timeline.receive(record('message.edited', 11, { target: 3, text: 'edited', actor: BOB }));
  timeline.merge(page(1, 5, 11, false), 'older');
  timeline.endFetch();
  assert.equal(timeline.get(3)!.text, 'edited');
  assert.equal(timeline.more, false);
});

test('reactions count and know which are mine', () => {
  const timeline = loaded();
  timeline.receive(record('message.reaction', 11, { target: 10, emoji: '👍', remove: false, actor: ME }));
  timeline.receive(record('message.reaction', 12, { target: 10, emoji: '👍', remove: false, actor: BOB }));
  assert.deepEqual(timeline.get(10)!.reactions, { '👍': { count: 2, mine: true } });
  timeline.receive(record('message.reaction', 13, { target: 10, emoji: '👍', remove: true, actor: ME }));
  assert.deepEqual(timeline.get(10)!.reactions, { '👍': { count: 1, mine: false } });
  timeline.receive(record('message.reaction', 14, { target: 10, emoji: '👍', remove: true, actor: BOB }));
  assert.deepEqual(timeline.get(10)!.reactions, {});
});

test('a deleted message keeps its place and loses its text', () => {
  const timeline = loaded();
  timeline.receive(record('message.deleted', 11, { target: 8, actor: BOB }));
  assert.equal(timeline.get(8)!.deleted, true);
  assert.equal(timeline.get(8)!.text, undefined);
  assert.deepEqual(seqs(timeline), [6, 7, 8, 9, 10]);
});

test('trimming keeps the latest messages and knows that more exist', () => {
  const timeline = loaded();
  timeline.trim(2);
  assert.deepEqual(seqs(timeline), [9, 10]);
  assert.equal(timeline.fromSeq, 9);
  assert.equal(timeline.more, true);
});
