import type { LogAnalytics } from '../../http/logs/schema.ts'
import { ADDRESS_FLAGS } from '../client/address-flags.ts'
import type { Command, CommandContext } from '../command.ts'
import { figuresLine, figuresTable, type NamedFigures } from '../records/figures.ts'
import { jsonText } from '../records/json-text.ts'
import { SINCE_FLAG, sinceOf } from '../records/record-flags.ts'
import { openSource, type Source } from '../records/source.ts'
import { JSON_FLAG } from '../setting-flags.ts'
import { styleOf } from '../style.ts'

const DAYS = 7
/** A longer period is shown by days. */
const HOURS_MS = 48 * 3_600_000
const MOST_ROWS = 20

/** What the command shows. */
interface Stats {
  readonly since: string
  /** Undefined where a period was asked for. */
  readonly today: LogAnalytics['total'] | undefined
  readonly total: LogAnalytics['total']
  readonly by: 'hour' | 'day'
  readonly times: LogAnalytics['groups']
  readonly models: LogAnalytics['groups']
  readonly clients: LogAnalytics['groups']
}

/** `ccproxy stats`: what went through, in figures. */
export const stats: Command = {
  name: 'stats',
  summary: 'Show tokens, cost and latency: today, 7 days, by model and client',
  examples: ['ccproxy stats', 'ccproxy stats --since 30d', 'ccproxy stats --json | jq .total'],
  flags: [
    { ...SINCE_FLAG, description: `${SINCE_FLAG.description}; without it today and ${DAYS} days` },
    JSON_FLAG,
    ...ADDRESS_FLAGS,
  ],
  async run(context, input) {
    const since = sinceOf(input)
    const source = await openSource(context, input)
    try {
      const found = await collect(source, since)
      const json = input.switches.has('json')
      context.stdout.write(json ? `${jsonText(found, 2)}\n` : show(context, found))
      return 0
    } finally {
      await source.close()
    }
  },
}

async function collect(source: Source, given: number | undefined): Promise<Stats> {
  const today = midnight(0)
  const since = given ?? midnight(DAYS - 1)
  const by = Date.now() - since <= HOURS_MS ? 'hour' : 'day'
  const offset = `${-new Date().getTimezoneOffset()}`
  const ask = (by: string, from: number) =>
    source.analytics(new URLSearchParams({ by, since: `${from}`, offset }))
  const [now, times, models, clients] = await Promise.all([
    given === undefined ? ask('day', today) : undefined,
    ask(by, since),
    ask('model', since),
    ask('client', since),
  ])
  return {
    ...{ since: new Date(since).toISOString(), by, today: now?.total, total: times.total },
    ...{ times: times.groups, models: models.groups, clients: clients.groups },
  }
}

/** The begin of the day so many days ago, here. */
function midnight(daysAgo: number): number {
  const time = new Date()
  time.setHours(0, 0, 0, 0)
  time.setDate(time.getDate() - daysAgo)
  return time.getTime()
}

function show(context: CommandContext, found: Stats): string {
  const style = styleOf(context, context.stdout)
  const { today, total, by, times, models, clients, since } = found
  const begin = new Date(since).toLocaleString('sv-SE')
  const period = today === undefined ? `Since ${begin}` : `Last ${DAYS} days`
  const width = Math.max('Today'.length, period.length)
  const line = (name: string, text: string) => `${style.bold(name.padEnd(width))}  ${text}`
  const head = [
    ...(today === undefined ? [] : [line('Today', figuresLine(today))]),
    line(period, figuresLine(total)),
  ]
  if (total.requests === 0) return `${head.join('\n')}\n`
  const rows = by === 'day' && today !== undefined ? everyDay(times) : times.map(timed(by))
  const { columns } = context.stdout
  const tables = [
    figuresTable(by, rows, style, columns),
    figuresTable('model', named(models), style, columns),
    figuresTable('client', named(clients), style, columns),
  ]
  return `${head.join('\n')}\n\n${tables.join('\n\n')}\n`
}

function named(groups: LogAnalytics['groups']): NamedFigures[] {
  return groups
    .slice(0, MOST_ROWS)
    .map(({ name, ...figures }) => ({ name: name ?? '(none)', figures }))
}

function timed(by: Stats['by']) {
  return ({ time, name, ...figures }: LogAnalytics['groups'][number]): NamedFigures => ({
    name: time === undefined ? (name ?? '') : label(new Date(time), by),
    figures,
  })
}

/** All days of the week, those without requests too. */
function everyDay(groups: LogAnalytics['groups']): NamedFigures[] {
  const known = new Map(groups.map((group) => [timed('day')(group).name, group]))
  return Array.from({ length: DAYS }, (_, index) => {
    const name = label(new Date(midnight(DAYS - 1 - index)), 'day')
    return { name, figures: known.get(name) }
  })
}

/** A day or an hour as it is called here. */
function label(time: Date, by: Stats['by']): string {
  const two = (value: number) => `${value}`.padStart(2, '0')
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  if (by === 'hour') return `${date} ${two(time.getHours())}:00`
  return `${time.toDateString().slice(0, 3)} ${date}`
}
