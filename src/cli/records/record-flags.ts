import { analyticsQuery, ledgerQuery } from '../../http/logs/filter.ts'
import { ProxyError } from '../../kit/error.ts'
import { readMoment } from '../../kit/moment.ts'
import { type CommandInput, type Flag, UsageError } from '../command.ts'

const WHEN = 'an ISO time, or a duration ago such as 90m, 24h or 7d'

/** From when on. */
export const SINCE_FLAG: Flag = {
  name: 'since',
  value: 'TIME',
  description: `From then on: ${WHEN}`,
}

/** Which exchanges are meant; several values of one are joined by commas. */
export const FILTER_FLAGS: readonly Flag[] = [
  SINCE_FLAG,
  { name: 'until', value: 'TIME', description: 'Before then, likewise' },
  { name: 'model', value: 'NAME', description: "The client's model name or the upstream's" },
  { name: 'provider', value: 'NAME', description: 'Name of a provider' },
  { name: 'client', value: 'NAME', description: 'Name of a client token' },
  { name: 'status', value: 'CODE', description: 'A code such as 429, or a class such as 4xx' },
  { name: 'ended', value: 'HOW', description: 'complete, refused, client_left, upstream_error, …' },
  { name: 'session', value: 'ID', description: "Claude Code's session" },
  {
    name: 'text',
    value: 'TEXT',
    description: 'Part of a path, an error or a model, or a request id',
  },
  { name: 'limit', value: 'N', description: 'How many at most, the newest' },
  { name: 'query', value: 'QUERY', description: 'All of it at once, as "status=5xx&since=1h"' },
]

/** The query that the flags make; throws a UsageError that names the flag at fault. */
export function filterOf({ flags }: CommandInput): URLSearchParams {
  const query = new URLSearchParams(flags.query)
  for (const { name } of FILTER_FLAGS) {
    const value = flags[name]
    if (name !== 'query' && value !== undefined) query.set(name, value)
  }
  checked(() => ledgerQuery(query.toString()))
  for (const name of ['since', 'until']) {
    const text = query.get(name)
    const moment = text === null ? undefined : momentHere(text)
    if (moment !== undefined) query.set(name, `${moment}`)
  }
  return query
}

/** The moment of `--since`, ms since the epoch. */
export function sinceOf({ flags: { since } }: CommandInput): number | undefined {
  if (since === undefined) return undefined
  const query = new URLSearchParams({ since }).toString()
  checked(() => analyticsQuery(query))
  return momentHere(since)
}

/** A time as its writer means it: a day begins at midnight here, not at that of UTC or of where the proxy runs. */
function momentHere(text: string): number | undefined {
  const [, month, day = '-01'] = /^(\d{4}-\d\d)(-\d\d)?$/.exec(text) ?? []
  return readMoment(month === undefined ? text : `${month}${day}T00:00`, Date.now())
}

function checked<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error
    const [name = '', ...issue] = error.message.split(': ')
    const isFlag = FILTER_FLAGS.some((flag) => flag.name === name)
    const where = isFlag ? `--${name}": ` : `--query": "${name}": `
    throw new UsageError(`Flag "${where}${issue.join(': ')}`)
  }
}
