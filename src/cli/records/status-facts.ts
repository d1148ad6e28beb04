import { isRecord } from '../../kit/json.ts'

/** One window of a plan. */
export interface PlanWindow {
  readonly name: string
  /** 0 to 1. */
  readonly used: number
  /** When it begins anew, ms since the epoch. */
  readonly resets: number | undefined
}

/** What a status line shows; what is not known is undefined. */
export interface StatusFacts {
  readonly model: string | undefined
  readonly session: string | undefined
  /** USD. */
  readonly cost: number | undefined
  /** The cost is none of money: what a plan login would have cost. */
  readonly listCost: number | undefined
  /** The part of all prompt tokens that came from the cache, 0 to 1. */
  readonly cached: number | undefined
  /** How full the context window is, 0 to 1. */
  readonly context: number | undefined
  readonly limits: readonly PlanWindow[]
}

/** What Claude Code gives a status line command on stdin (as of 2.1, 2026-11); all of it may be missing. */
export function factsOfClaudeCode(json: unknown): StatusFacts {
  const {
    model,
    cost,
    context_window: window,
    prompt_cache: cache,
    rate_limits: limits,
  } = open(json)
  const session = open(json).session_id
  const used = numberIn(window, 'used_percentage')
  return {
    model: textIn(model, 'display_name') ?? textIn(model, 'id'),
    session: typeof session === 'string' ? session : undefined,
    cost: numberIn(cost, 'total_cost_usd'),
    listCost: undefined,
    cached: numberIn(cache, 'hit_ratio'),
    context: used === undefined ? undefined : used / 100,
    limits: [
      ...windowOf('5h', open(limits).five_hour),
      ...windowOf('7d', open(limits).seven_day),
      ...windowOf('spend', open(limits).spend_limit),
    ],
  }
}

/** The same with what the proxy knows better: figures of the session, and limits where Claude Code was told none. */
export function withProxyFacts(facts: StatusFacts, figures: unknown, status: unknown): StatusFacts {
  const total = open(figures).total
  const requests = numberIn(total, 'requests') ?? 0
  const spent = numberIn(total, 'cost_usd') ?? 0
  const list = numberIn(total, 'list_cost_usd') ?? 0
  const priced = requests > 0 && spent + list > 0
  return {
    ...facts,
    cost: priced ? spent : facts.cost,
    listCost: priced ? list : undefined,
    cached: numberIn(total, 'cache_hit_share') ?? facts.cached,
    limits: facts.limits.length > 0 ? facts.limits : limitsIn(status),
  }
}

/** The newest limits that any upstream told. */
function limitsIn(status: unknown): PlanWindow[] {
  const { upstreams } = open(status)
  if (!Array.isArray(upstreams)) return []
  const told = upstreams
    .map((one) => open(open(one).limits))
    .filter(({ values }) => isRecord(values))
  const [newest] = told.sort((one, other) => `${other.time}`.localeCompare(`${one.time}`))
  const values = open(newest?.values)
  return ['5h', '7d'].flatMap((name) => {
    const used = Number(values[`${name}-utilization`] ?? Number.NaN)
    if (!Number.isFinite(used)) return []
    return stillTrue({ name, used, resets: seconds(Number(values[`${name}-reset`])) })
  })
}

function windowOf(name: string, window: unknown): PlanWindow[] {
  const used = numberIn(window, 'used_percentage')
  if (used === undefined) return []
  return stillTrue({ name, used: used / 100, resets: seconds(numberIn(window, 'resets_at')) })
}

/** What was told of a window that has begun anew since is not known of the new one. */
function stillTrue(window: PlanWindow): PlanWindow[] {
  return window.resets !== undefined && window.resets <= Date.now() ? [] : [window]
}

function seconds(time: number | undefined): number | undefined {
  return time !== undefined && Number.isFinite(time) && time > 0 ? time * 1000 : undefined
}

function open(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}

function textIn(value: unknown, name: string): string | undefined {
  const text = open(value)[name]
  return typeof text === 'string' && text !== '' ? text : undefined
}

function numberIn(value: unknown, name: string): number | undefined {
  const number = open(value)[name]
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}
