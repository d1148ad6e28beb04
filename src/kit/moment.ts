const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
}
/** What Date.prototype can hold. */
const LAST = 8.64e15

/**
 * A time as people and programs write it, in ms since the epoch: an ISO 8601 date or time, such ms themselves, or a
 * duration before `now` as 90s, 30m, 24h, 7d or 2w. Undefined for anything else.
 */
export function readMoment(text: string, now: number): number | undefined {
  const ago = /^(\d{1,6}(?:\.\d{1,3})?)([smhdw])$/i.exec(text)
  if (ago !== null) {
    return Math.round(now - Number(ago[1]) * (UNITS[ago[2]?.toLowerCase() ?? ''] ?? 0))
  }
  // Four digits look like a year, and nobody means two seconds after midnight in 1970.
  if (/^\d{4}$/.test(text)) return undefined
  if (/^\d{1,16}$/.test(text)) return Number(text) <= LAST ? Number(text) : undefined
  if (!/^\d{4}-\d\d(-\d\d)?(T.*)?$/.test(text)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}
