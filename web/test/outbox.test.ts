import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallFailure } from '../src/net/failure.ts';
import { Outbox, type SendParams, type SendReply } from '../src/state/outbox.ts';
import { ROOM } from './build.ts';

type Answer = SendReply | CallFailure;

function outboxWith(answers: Answer[]): { outbox: Outbox; attempts: SendParams[]; settled(): Promise<void> } {
  const attempts: SendParams[] = [];
  const send = async (params: SendParams) => {
    attempts.push({ ...params });
    const answer = answers.shift() ?? CallFailure.disconnected();
    if (answer instanceof CallFailure) throw answer;
    return answer;
  };
  const outbox = new Outbox('test', send, () => {}, () => {});
  return { outbox, attempts, settled: () => new Promise((resolve) => setImmediate(resolve)) };
}

function reply(seq: number): SendReply {
  return { seq, ord: seq, at_ms: seq, duplicate: false };
}

function draft(id: string): SendParams {
  return { room: ROOM, client_id: id, text: id };
}

test('a lost connection sends the same parameters again', async () => {
  const { outbox, attempts, settled } = outboxWith([CallFailure.disconnected(), reply(1)]);
  outbox.add(draft('a'), 0);
  await settled();
  outbox.resume();
  await settled();
  assert.deepEqual(attempts, [draft('a'), draft('a')]);
  assert.equal(outbox.of(ROOM)[0]!.state, 'sent');
});

test('messages of a room leave in order, one at a time', async () => {
  const { outbox, attempts, settled } = outboxWith([CallFailure.disconnected(), reply(1), reply(2)]);
  outbox.add(draft('a'), 0);
  outbox.add(draft('b'), 0);
  await settled();
  outbox.resume();
  await settled();
  assert.deepEqual(attempts.map((each) => each.client_id), ['a', 'a', 'b']);
});

test('a refusal fails the message and lets the next one go', async () => {
  const refusal = CallFailure.fromWire({ code: -32003, message: 'no', data: { kind: 'forbidden', retry: false } });
  const { outbox, settled } = outboxWith([refusal, reply(1)]);
  outbox.add(draft('a'), 0);
  outbox.add(draft('b'), 0);
  await settled();
  assert.deepEqual(outbox.of(ROOM).map((each) => each.state), ['failed', 'sent']);
});

test('answered messages leave once the timeline holds them', async () => {
  const { outbox, settled } = outboxWith([reply(7)]);
  outbox.add(draft('a'), 0);
  await settled();
  outbox.settle(ROOM, 6);
  assert.equal(outbox.size, 1);
  outbox.settle(ROOM, 7);
  assert.equal(outbox.size, 0);
});
