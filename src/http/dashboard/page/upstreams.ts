import type { LogStatus } from '../../logs/schema.ts'
import { make } from './dom.ts'
import { agoText, bytesText, clockText, countText, exactText, roughText } from './format.ts'

type Upstream = LogStatus['upstreams'][number]
type Limits = NonNullable<Upstream['limits']>

const CLAIMS: Readonly<Record<string, string>> = {
  '5h': '5 hours',
  '7d': '7 days',
  overage: 'Overage',
}
/** From here on a bar warns, and from here on it alarms. */
const WARNS = 0.75
const ALARMS = 0.95

/** One bar of a plan's limits. */
export interface LimitBar {
  readonly label: string
  /** Of 1; more where the limit is exceeded. */
  readonly used: number
  /** ms since the epoch. */
  readonly resetsAt: number | undefined
}

/** The bars that the headers tell, the shortest period first. */
export function limitBars(values: Limits['values']): LimitBar[] {
  return Object.entries(values)
    .flatMap(([name, value]) => {
      const claim = /^(.+)-utilization$/.exec(name)?.[1]
      const used = Number(value)
      if (claim === undefined || value.trim() === '' || !Number.isFinite(used)) return []
      const reset = Number(values[`${claim}-reset`])
      return [
        { claim, label: labelOf(claim), used, resetsAt: reset > 0 ? reset * 1000 : undefined },
      ]
    })
    .sort((one, other) => lengthOf(one.claim) - lengthOf(other.claim))
    .map(({ label, used, resetsAt }) => ({ label, used, resetsAt }))
}

function labelOf(claim: string): string {
  return CLAIMS[claim] ?? claim.replaceAll(/[-_]/g, ' ')
}

function lengthOf(claim: string): number {
  const [, count, unit] = /^(\d+)([hd])/.exec(claim) ?? []
  return count === undefined ? Number.POSITIVE_INFINITY : Number(count) * (unit === 'd' ? 24 : 1)
}

/** Shows how each upstream and its plan's limits are doing. */
export function showUpstreams(place: HTMLElement, upstreams: readonly Upstream[], now: number) {
  if (upstreams.length === 0) {
    place.replaceChildren(
      make('p', { class: 'empty', text: 'No upstream has been asked since ccproxy started.' }),
    )
    return
  }
  place.replaceChildren(...upstreams.map((upstream) => upstreamCard(upstream, now)))
}

function upstreamCard(upstream: Upstream, now: number): HTMLElement {
  const { provider, failures, last_success: success, limits } = upstream
  const state = failures === 0 ? 'good' : failures < 3 ? 'warning' : 'bad'
  const words = { good: 'Healthy', warning: 'Failing', bad: 'Down' }[state]
  return make(
    'article',
    { class: 'upstream' },
    make(
      'h3',
      {},
      make('span', { class: `dot ${state}`, attributes: { 'aria-hidden': 'true' } }),
      make('span', { class: 'upstream-name', text: provider }),
      make('span', { class: `chip ${state}`, text: words }),
    ),
    make('p', { class: 'muted', text: `Last success ${agoText(success, now)}` }),
    failures === 0 ? undefined : make('p', { class: 'problem', text: problemText(upstream, now) }),
    limits === undefined ? undefined : limitList(limits, now),
  )
}

function problemText(upstream: Upstream, now: number): string {
  const { failures, last_failure: time, last_status: status, last_ended: ended } = upstream
  const times = failures === 1 ? 'One failure' : `${exactText(failures)} failures in a row`
  const what = [status, ended?.replaceAll('_', ' ')].filter((part) => part !== undefined).join(' ')
  const error = upstream.last_error === undefined ? '' : `: ${upstream.last_error}`
  return `${times}, ${agoText(time, now)}: ${what}${error}`
}

function limitList({ time, client, values }: Limits, now: number): HTMLElement {
  const status = values.status
  const spoken = status === undefined || status === 'allowed' ? undefined : status
  const tone = status === 'rejected' ? 'bad' : 'warning'
  const whose = client === undefined ? '' : ` of ${client}`
  return make(
    'div',
    { class: 'limits' },
    make(
      'h4',
      {},
      `Plan limits${whose}`,
      spoken === undefined
        ? undefined
        : make('span', { class: `chip ${tone}`, text: spoken.replaceAll('_', ' ') }),
    ),
    ...limitBars(values).map((bar) => limitBar(bar, now)),
    make('p', { class: 'muted', text: `As told ${agoText(time, now)}` }),
  )
}

function limitBar({ label, used, resetsAt }: LimitBar, now: number): HTMLElement {
  const tone = used >= ALARMS ? 'bad' : used >= WARNS ? 'warning' : 'good'
  const percent = Math.round(used * 100)
  const fill = make('span', { class: `fill ${tone}` })
  fill.style.width = `${Math.min(100, Math.max(0, percent))}%`
  return make(
    'div',
    { class: 'limit' },
    make('span', { class: 'limit-name', text: label }),
    make('span', { class: 'limit-used', text: `${percent} %` }),
    make(
      'div',
      {
        class: 'bar',
        attributes: {
          role: 'meter',
          'aria-label': `Used of the limit: ${label}`,
          'aria-valuemin': '0',
          'aria-valuemax': '100',
          'aria-valuenow': String(Math.min(100, percent)),
        },
      },
      fill,
    ),
    make('span', { class: 'limit-reset muted', text: resetText(resetsAt, now) }),
  )
}

function resetText(resetsAt: number | undefined, now: number): string {
  if (resetsAt === undefined) return ''
  if (resetsAt <= now) return 'reset since'
  return `resets in ${roughText(resetsAt - now)} (${clockText(new Date(resetsAt).toISOString(), now)})`
}

/** Shows where the ledger is and what is wrong with it. */
export function showLedger(place: HTMLElement, { ledger, live }: LogStatus): void {
  const { backend, place: where, state, problem, rows, bytes, lost, waiting } = ledger
  const lines: [string, string][] = [
    ['Ledger', `${backend}, ${state}`],
    ['Rows', countText(rows)],
    ['Size', bytesText(bytes)],
    ['Waiting', countText(waiting)],
    ['Lost', countText(lost)],
    ['Listeners', countText(live.listeners)],
  ]
  place.replaceChildren(
    make(
      'dl',
      { class: 'facts' },
      ...lines.flatMap(([name, text]) => [make('dt', { text: name }), make('dd', { text })]),
    ),
    make('p', { class: 'muted place', text: where, title: where }),
    ...(problem === undefined ? [] : [make('p', { class: 'problem', text: problem })]),
  )
}
