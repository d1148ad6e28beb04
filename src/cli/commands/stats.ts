import type { LogAnalytics } from '../../http/logs/schema.ts'
import { ADDRESS_FLAGS } from '../client/address-flags.ts'
import type { Command, CommandContext } from '../command.ts'
import { figuresLine, figuresTable, type NamedFigures } from '../records/figures.ts'
import { jsonText } from '../records/json-text.ts'
import { SINCE_FLAG, sinceOf } from '../records/record-flags.ts'
import { openSource, type Source } from '../records/source.ts'
import { JSON_FLAG } from '../setting-flags.ts'
import { type Style, styleOf } from '../style.ts'

const DAYS = 7
/** A longer period is shown by days. */
const HOURS_MS = 48 * 3_600_000
const NOON_MS = 12 * 3_600_000
const MOST_ROWS = 20

/** What the command shows. */
interface Stats {
  /** The begin of the first hour: the ledger has figures by the hour. */
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
    ...{ since: times.since ?? new Date(since).toISOString(), by },
    ...{ today: now?.total, total: times.total },
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
    figuresTable('model', named(models), style, columns) + rest(models, style),
    figuresTable('client', named(clients), style, columns) + rest(clients, style),
  ]
  return `${head.join('\n')}\n\n${tables.join('\n\n')}\n`
}

function named(groups: LogAnalytics['groups']): NamedFigures[] {
  return groups
    .slice(0, MOST_ROWS)
    .map(({ name, ...figures }) => ({ name: name ?? '(none)', figures }))
}

function rest(groups: LogAnalytics['groups'], { dim }: Style): string {
  const left = groups.length - MOST_ROWS
  return left > 0 ? `\n${dim(`… and ${left} more: --json has all`)}` : ''
}

function timed(by: Stats['by']) {
  return ({ time, name, ...figures }: LogAnalytics['groups'][number]): NamedFigures => ({
    name: time === undefined ? (name ?? '') : label(new Date(time), by),
    figures,
  })
}

/** All days of the week, those without requests too, and what an hour at its edge is counted to. */
function everyDay(groups: LogAnalytics['groups']): NamedFigures[] {
  const days = Array.from({ length: DAYS }, (_, index) => new Date(midnight(index)))
  const all = new Map(days.map((day): [string, NamedFigures] => [label(day, 'day'), empty(day)]))
  for (const group of groups.map(timed('day'))) all.set(group.name, group)
  const date = ({ name }: NamedFigures) => name.slice(4)
  return [...all.values()].sort((one, other) => date(one).localeCompare(date(other)))
}

function empty(day: Date): NamedFigures {
  return { name: label(day, 'day'), figures: undefined }
}

/**
 * A day or an hour as it is called here. The ledger counts in hours of UTC and days of one offset: a day may begin up to
 * half an hour, or where the clocks were changed an hour, before midnight, and its noon is safely its own.
 */
function label(begin: Date, by: Stats['by']): string {
  const time = by === 'day' ? new Date(begin.getTime() + NOON_MS) : begin
  const two = (value: number) => `${value}`.padStart(2, '0')
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  if (by === 'hour') return `${date} ${two(time.getHours())}:${two(time.getMinutes())}`
  return `${time.toDateString().slice(0, 3)} ${date}`
}
