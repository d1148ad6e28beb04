import { ADDRESS_FLAGS } from '../client/address-flags.ts'
import { type Command, type CommandContext, type CommandInput, UsageError } from '../command.ts'
import { type FollowOptions, follow } from '../records/follow.ts'
import { jsonText } from '../records/json-text.ts'
import { showEntry } from '../records/log-entry.ts'
import { type Exchange, LogTable } from '../records/log-table.ts'
import { FILTER_FLAGS, filterOf } from '../records/record-flags.ts'
import { openSource, type Source } from '../records/source.ts'
import { JSON_FLAG } from '../setting-flags.ts'
import { styleOf } from '../style.ts'

const USUAL_ROWS = 50
/** Of the past, before what comes. */
const ROWS_BEFORE = 10

/** `ccproxy logs`: what went through ccproxy, and what goes through it now. */
export const logs: Command = {
  name: 'logs',
  summary: 'Show requests: those of the past, or as they come',
  examples: [
    'ccproxy logs',
    'ccproxy logs --follow --model claude-sonnet-5',
    'ccproxy logs --since 1h --status 4xx,5xx',
    'ccproxy logs req_01abc            (one with all that is known of it)',
    'ccproxy logs --json --limit 1000 | jq .cost_usd',
  ],
  positionals: [
    { name: 'ID', description: 'A request id or key: shows this one in full', optional: true },
  ],
  flags: [
    { name: 'follow', short: 'f', description: 'Go on with what comes, until Ctrl-C' },
    ...FILTER_FLAGS,
    { ...JSON_FLAG, description: 'Print one line of JSON each' },
    ...ADDRESS_FLAGS,
  ],
  async run(context, input) {
    const filter = filterOf(input)
    checkFollow(input)
    const source = await openSource(context, input, !input.switches.has('follow'))
    try {
      const [id] = input.positionals
      if (id !== undefined) return await showOne(context, input, source, id)
      if (input.switches.has('follow')) await followAll(context, input, source, filter)
      else await showPast(context, input, source, filter)
      return 0
    } finally {
      await source.close()
    }
  },
}

function checkFollow({ flags, switches, positionals }: CommandInput): void {
  if (!switches.has('follow')) return
  if (flags.until !== undefined)
    throw new UsageError('Flag "--until" ends before "--follow" begins')
  if (positionals.length > 0)
    throw new UsageError('One request cannot be followed: leave its id out')
}

async function showOne(
  context: CommandContext,
  { switches }: CommandInput,
  source: Source,
  id: string,
): Promise<number> {
  const entry = await source.entry(id)
  if (entry === undefined) {
    const { red } = styleOf(context, context.stderr)
    const text = `Request "${id}" is not in the ledger: "ccproxy logs" shows what is`
    context.stderr.write(`${red('Error:')} ${text}\n`)
    return 1
  }
  const style = styleOf(context, context.stdout)
  context.stdout.write(switches.has('json') ? `${jsonText(entry)}\n` : showEntry(entry, style))
  return 0
}

async function showPast(
  context: CommandContext,
  input: CommandInput,
  source: Source,
  filter: URLSearchParams,
): Promise<void> {
  if (!filter.has('limit')) filter.set('limit', `${USUAL_ROWS}`)
  const { rows } = await source.query(filter)
  // Newest last, where the eye is; unless another order was asked for.
  const shown = filter.has('order') ? rows : [...rows].reverse()
  if (shown.length === 0 && !input.switches.has('json')) {
    context.stderr.write('No such requests\n')
    return
  }
  writer(context, input)(shown)
}

async function followAll(
  context: CommandContext,
  input: CommandInput,
  source: Source,
  filter: URLSearchParams,
): Promise<void> {
  const { proxy } = source
  if (proxy === undefined) return
  const abort = new AbortController()
  const stop = context.onSignal(() => abort.abort())
  const { dim } = styleOf(context, context.stderr)
  const write = writer(context, input)
  const options: FollowOptions = {
    ...{ source, proxy, filter, signal: abort.signal },
    past: Number(filter.get('limit') ?? ROWS_BEFORE),
    show: (exchanges) => {
      write(exchanges)
      // As `… | head` has read enough.
      if (context.stdout.isGone === true) abort.abort()
    },
    lost: (reason) => context.stderr.write(`${dim(`Waiting for ccproxy: ${reason}`)}\n`),
  }
  try {
    await follow(options)
  } finally {
    stop()
  }
}

/** Writes exchanges as lines of a table, its head first, or as lines of JSON. */
function writer({ env, stdout }: CommandContext, { switches }: CommandInput) {
  if (switches.has('json')) {
    return (rows: readonly Exchange[]) =>
      stdout.write(rows.map((row) => `${jsonText(row)}\n`).join(''))
  }
  const table = new LogTable(styleOf({ env }, stdout), stdout.columns)
  let begun = false
  return (rows: readonly Exchange[]) => {
    table.measure(rows)
    const head = begun ? [] : [table.head()]
    begun = true
    stdout.write(`${[...head, ...table.lines(rows)].join('\n')}\n`)
  }
}
