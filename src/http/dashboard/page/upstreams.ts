import type { LogStatus } from '../../logs/schema.ts'
import { make } from './dom.ts'
import { agoText, bytesText, clockText, countText, exactText, roughText } from './format.ts'
import { type LimitBar, limitBars } from './limit-bars.ts'

type Upstream = LogStatus['upstreams'][number]
type Limits = NonNullable<Upstream['limits']>

/** From here on a bar warns, and from here on it alarms. */
const WARNS = 0.75
const ALARMS = 0.95

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
  // What was told of a window that has begun anew is not known of the new one.
  const over = resetsAt !== undefined && resetsAt <= now
  const tone = over ? 'over' : used >= ALARMS ? 'bad' : used >= WARNS ? 'warning' : 'good'
  const percent = Math.round(used * 100)
  const fill = make('span', { class: `fill ${tone}` })
  fill.style.width = `${Math.min(100, Math.max(0, percent))}%`
  return make(
    'div',
    { class: 'limit' },
    make('span', { class: 'limit-name', text: label }),
    make('span', {
      class: over ? 'limit-used muted' : 'limit-used',
      text: over ? `was ${percent} %` : `${percent} %`,
    }),
    make(
      'div',
      {
        class: 'bar',
        attributes: {
          role: 'meter',
          'aria-label': `${over ? 'Used before the reset' : 'Used'} of the limit: ${label}`,
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
