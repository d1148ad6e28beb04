const NONE = '–'
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat('en', {
  notation: 'compact',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
})
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A count: exact as long as it is short. */
export function countText(count: number | undefined): string {
  if (count === undefined) return NONE
  return Math.abs(count) < 100_000 ? whole.format(count) : compact.format(count)
}

/** An exact count with its separators. */
export function exactText(count: number): string {
  return whole.format(count)
}

/** US dollars; small amounts with more places. */
export function moneyText(usd: number | undefined): string {
  if (usd === undefined) return NONE
  if (usd === 0) return '$0'
  if (usd >= 100_000) return `$${compact.format(usd)}`
  const places = usd < 1 ? (usd < 0.001 ? 6 : 4) : 2
  return `$${usd.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places })}`
}

/** A share of one, in per cent. */
export function shareText(share: number | undefined): string {
  if (share === undefined) return NONE
  const percent = share * 100
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`
}

/** A length of time. */
export function durationText(ms: number | undefined): string {
  if (ms === undefined) return NONE
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < SECOND) return `${Math.round(ms)} ms`
  if (ms < 100 * SECOND) return `${(ms / SECOND).toFixed(ms < 10 * SECOND ? 2 : 1)} s`
  const [large, small, unit, part] =
    ms < HOUR
      ? [Math.floor(ms / MINUTE), Math.floor((ms % MINUTE) / SECOND), 'm', 's']
      : ms < DAY
        ? [Math.floor(ms / HOUR), Math.floor((ms % HOUR) / MINUTE), 'h', 'm']
        : [Math.floor(ms / DAY), Math.floor((ms % DAY) / HOUR), 'd', 'h']
  return `${large} ${unit} ${small} ${part}`
}

/** How long a running exchange has been running: steady enough to be watched. */
export function tickingText(ms: number): string {
  return ms < 100 * SECOND ? `${(Math.max(0, ms) / SECOND).toFixed(1)} s` : durationText(ms)
}

/** A number of bytes. */
export function bytesText(bytes: number | undefined): string {
  if (bytes === undefined) return NONE
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${power === 0 ? value : value.toFixed(value < 100 ? 1 : 0)} ${units[power]}`
}

/** The time of day; with the date where that is not today's. */
export function clockText(iso: string, now: number): string {
  const time = new Date(iso)
  const clock = time.toLocaleTimeString('en-GB')
  if (time.toDateString() === new Date(now).toDateString()) return clock
  return `${time.toLocaleDateString('en', { month: 'short', day: 'numeric' })} ${clock.slice(0, 5)}`
}

/** Date and time to the millisecond, in local time. */
export function momentText(iso: string): string {
  const time = new Date(iso)
  const day = time.toLocaleDateString('en', { year: 'numeric', month: 'short', day: 'numeric' })
  return `${day}, ${time.toLocaleTimeString('en-GB')}.${String(time.getMilliseconds()).padStart(3, '0')}`
}

/** How long ago, roughly. */
export function agoText(iso: string | undefined, now: number): string {
  if (iso === undefined) return 'never'
  const ms = Math.max(0, now - Date.parse(iso))
  return ms < 5 * SECOND ? 'just now' : `${roughText(ms)} ago`
}

/** A length of time in one unit. */
export function roughText(ms: number): string {
  if (ms < 2 * MINUTE) return `${Math.round(ms / SECOND)} s`
  if (ms < 2 * HOUR) return `${Math.round(ms / MINUTE)} min`
  if (ms < 2 * DAY) return `${Math.round(ms / HOUR)} h`
  return `${Math.round(ms / DAY)} days`
}
