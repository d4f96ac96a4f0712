// Instants, prices and listings as a reader of the page's language expects them.

import type { Json } from '../protocol.ts';
import { language, t } from './text.ts';

const locale = language === 'ko' ? 'ko-KR' : 'en-GB';
const clock = new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit' });
const fullDay = new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'long', day: 'numeric', weekday: 'long' });
const shortDay = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric' });
const yearDay = new Intl.DateTimeFormat(locale, { year: 'numeric', month: '2-digit', day: '2-digit' });

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export function clockTime(atMs: number): string {
  return clock.format(atMs);
}

/** Equal for instants of one local day. */
export function dayKey(atMs: number): string {
  return new Date(atMs).toDateString();
}

export function dayLabel(atMs: number, nowMs: number): string {
  return nearDay(atMs, nowMs) ?? fullDay.format(atMs);
}

/** Short: for the list. */
export function relativeTime(atMs: number, nowMs: number): string {
  const ageMs = nowMs - atMs;
  if (ageMs < MINUTE_MS) return t.now;
  if (ageMs < HOUR_MS) return t.minutes(Math.floor(ageMs / MINUTE_MS));
  const near = nearDay(atMs, nowMs);
  if (near === t.today) return clockTime(atMs);
  if (near) return near;
  const sameYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear();
  return (sameYear ? shortDay : yearDay).format(atMs);
}

function nearDay(atMs: number, nowMs: number): string | undefined {
  const yesterday = new Date(nowMs);
  yesterday.setDate(yesterday.getDate() - 1);
  if (dayKey(atMs) === dayKey(nowMs)) return t.today;
  return dayKey(atMs) === yesterday.toDateString() ? t.yesterday : undefined;
}

export interface Listing {
  title: string;
  price: string;
  emoji: string;
}

/** The product a room is about, if the host app put one into `room.data`. */
export function listingOf(data: Json | undefined): Listing | undefined {
  const listing = data?.['listing'] as Json | undefined;
  if (typeof listing?.['title'] !== 'string') return undefined;
  const { price, currency, emoji } = listing;
  return {
    title: listing['title'],
    price: typeof price === 'number' ? money(price, currency) : typeof price === 'string' ? price : '',
    emoji: typeof emoji === 'string' && emoji !== '' ? emoji : '📦',
  };
}

function money(price: number, currency: unknown): string {
  try {
    const options = { style: 'currency', currency: String(currency), maximumFractionDigits: 0 } as const;
    return new Intl.NumberFormat(locale, options).format(price);
  } catch {
    return price.toLocaleString(locale);
  }
}
