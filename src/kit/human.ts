// Figures as people read them: short, with their unit.

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** How long something took: `850 ms`, `3.2 s`, `2 min 5 s`, `1 h 5 min`, `3 d 4 h`. */
export function humanDuration(ms: number): string {
  if (ms < 0.95 * SECOND) return `${Math.round(ms)} ms`
  if (ms < 9.95 * SECOND) return `${(ms / SECOND).toFixed(1)} s`
  const seconds = Math.round(ms / SECOND)
  if (seconds < 60) return `${seconds} s`
  if (ms < HOUR) return pair(seconds, 60, 'min', 's')
  if (ms < DAY) return pair(Math.round(ms / MINUTE), 60, 'h', 'min')
  return pair(Math.round(ms / HOUR), 24, 'd', 'h')
}

function pair(smaller: number, per: number, large: string, small: string): string {
  const rest = smaller % per
  return `${Math.floor(smaller / per)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`
}

/** A count: `999`, `12.3k`, `1.2M`. */
export function humanCount(count: number): string {
  if (count < 1000) return `${count}`
  if (count < 999_500) return `${short(count / 1000)}k`
  if (count < 999_500_000) return `${short(count / 1e6)}M`
  return `${short(count / 1e9)}G`
}

function short(value: number): string {
  return value < 99.95 ? value.toFixed(1) : `${Math.round(value)}`
}

/** An amount of USD with as many digits as it needs: `$12.34`, `$0.042`, `$0.0004`. */
export function humanMoney(usd: number): string {
  if (usd === 0) return '$0'
  if (usd < 0.0001) return '<$0.0001'
  const digits = usd < 0.01 ? 4 : usd < 1 ? 3 : 2
  const text = usd.toFixed(digits)
  return `$${digits > 2 && text.endsWith('0') ? text.slice(0, -1) : text}`
}

/** A part of a whole, 0 to 1, as whole percent. */
export function humanShare(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** A size: `900 B`, `12.3 KB`, `1.2 MB`. */
export function humanBytes(bytes: number): string {
  return bytes < 1000
    ? `${bytes} B`
    : `${humanCount(bytes).replace('k', ' K').replace('M', ' M').replace('G', ' G')}B`
}
