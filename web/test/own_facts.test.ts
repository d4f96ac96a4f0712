import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OwnFacts } from '../src/state/own_facts.ts';

function recorder(): { facts: OwnFacts; applied: number[]; gaps: number[]; receive(rev: number): void } {
  const applied: number[] = [];
  const gaps: number[] = [];
  const facts = new OwnFacts((since) => gaps.push(since));
  facts.advanceTo(10);
  return { facts, applied, gaps, receive: (rev) => facts.receive(rev, () => applied.push(rev)) };
}

test('facts apply in order, each once', () => {
  const { applied, receive } = recorder();
  for (const rev of [11, 11, 13, 12, 9]) receive(rev);
  assert.deepEqual(applied, [11, 12, 13]);
});

test('a gap that stays asks for the changes', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { facts, applied, gaps, receive } = recorder();
  receive(13);
  context.mock.timers.tick(1_000);
  assert.deepEqual(gaps, [10]);
  facts.advanceTo(12);
  assert.deepEqual(applied, [13]);
});

test('a gap that closes in time asks for nothing', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { gaps, receive } = recorder();
  receive(12);
  receive(11);
  context.mock.timers.tick(1_000);
  assert.deepEqual(gaps, []);
});
