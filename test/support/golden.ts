import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SseFrame } from '../../src/kit/sse.ts'
import { SseParser } from '../../src/kit/sse.ts'
import { assemble } from '../../src/protocol/messages/assemble.ts'
import { readSignature } from '../../src/protocol/messages/signature.ts'
import type { StreamEvent, StreamIn, World } from '../../src/protocol/protocol.ts'

/**
 * One case: a `# title`, header lines `key: value` (values are JSON but for the kind), an empty line, the input,
 * `---`, the expected output, and after `--- notes` the expected notes, one a line.
 */
export interface Golden {
  readonly id: string
  readonly title: string
  readonly kind: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly input: string
  readonly expected: string
  /** Absent where the case says nothing of notes. */
  readonly notes: string[] | undefined
}

/** What a case's kind makes of it; a stream kind gives text in the line form of `eventLine`. */
export interface Outcome {
  readonly value: unknown
  readonly notes: readonly string[]
}

const FOLDER = join(import.meta.dir, '..', 'golden')

/** The golden files whose kind has this prefix, in the order of their names. */
export function goldens(prefix: string): Golden[] {
  return goldenTexts()
    .filter(({ text }) => kindOf(text).startsWith(prefix))
    .map(({ id, text }) => parseGolden(id, text))
}

/** The kind of every golden file, so that none is left out unseen. */
export function goldenKinds(): { id: string; kind: string }[] {
  return goldenTexts().map(({ id, text }) => ({ id, kind: kindOf(text) }))
}

function goldenTexts(): { id: string; text: string }[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => ({ id: name.slice(0, -4), text: readFileSync(join(FOLDER, name), 'utf8') }))
}

function kindOf(text: string): string {
  return /^kind: (.*)$/m.exec(text)?.[1] ?? ''
}

function parseGolden(id: string, text: string): Golden {
  const blank = text.indexOf('\n\n')
  const [title = '', ...lines] = text.slice(0, blank).split('\n')
  const headers = Object.fromEntries(lines.map(headerOf))
  const [input, expected, notes] = text.slice(blank + 2).split(/^---.*\n/m)
  if (!title.startsWith(`# ${id} `)) throw new Error(`${id}: the title must begin with "# ${id} "`)
  if (input === undefined || expected === undefined) throw new Error(`${id}: no --- line`)
  return {
    id,
    title: title.slice(2),
    kind: String(headers.kind),
    headers,
    input,
    expected,
    notes: notes?.trim() === '' ? [] : notes?.trim().split('\n'),
  }
}

function headerOf(line: string): [string, unknown] {
  const colon = line.indexOf(': ')
  if (colon === -1) throw new Error(`not a header: ${line}`)
  const key = line.slice(0, colon)
  const value = line.slice(colon + 2)
  return [key, key === 'kind' ? value : JSON.parse(value)]
}

/** A world that stands still: ids count up, the clock says 1700000000. */
export function stillWorld(): World {
  let count = 0
  return { id: () => `id${++count}`, now: () => 1_700_000_000 }
}

/** Every frame of a text, as if it had come in one chunk. */
export function framesOf(text: string): SseFrame[] {
  const parser = new SseParser()
  return [...parser.push(new TextEncoder().encode(text)), ...parser.end()]
}

/** What a stream machine makes of the chunks of bytes, closed at the end. */
export function runStream(machine: StreamIn, chunks: Iterable<Uint8Array>): StreamEvent[] {
  const parser = new SseParser()
  const events: StreamEvent[] = []
  for (const chunk of chunks) {
    for (const frame of parser.push(chunk)) events.push(...machine.push(frame))
  }
  for (const frame of parser.end()) events.push(...machine.push(frame))
  events.push(...machine.end())
  return events
}

/** A hub event in one readable line that leaves nothing out but the constant parts of message_start. */
function eventLine(event: StreamEvent): string {
  switch (event.type) {
    case 'message_start': {
      const { id, model, usage } = event.message
      return `start ${id} ${model} ${JSON.stringify(usage)}`
    }
    case 'content_block_start': {
      const { type, ...rest } = event.content_block
      return `${event.index} open ${type} ${JSON.stringify(rest)}`
    }
    case 'content_block_delta': {
      const { type, ...rest } = event.delta
      if (event.delta.type === 'signature_delta') {
        const own = readSignature(event.delta.signature)
        return `${event.index} ${type} ${own ? `ours ${JSON.stringify(own)}` : event.delta.signature}`
      }
      return `${event.index} ${type} ${JSON.stringify(Object.values(rest)[0])}`
    }
    case 'content_block_stop':
      return `${event.index} close`
    case 'message_delta':
      return `delta ${JSON.stringify(event.delta)} ${JSON.stringify(event.usage)}`
    case 'message_stop':
      return 'stop'
    case 'error': {
      const { cause, error } = event
      return `error ${cause?.status ?? ''} ${JSON.stringify(error)}`
    }
    default:
      return event.type
  }
}

/** The events as text, one line each. */
export function eventLines(events: readonly StreamEvent[]): string {
  return events.map(eventLine).join('\n')
}

/** The breaches of translation.md 3.K in a stream of hub events; empty where it keeps all of them. */
export function breaches(events: readonly StreamEvent[]): string[] {
  const found: string[] = []
  const last = events.at(-1)
  if (last?.type !== 'message_stop' && last?.type !== 'error') found.push('7: no end')
  events.forEach((event, index) => {
    const terminal = event.type === 'message_stop' || event.type === 'error'
    if (terminal && index !== events.length - 1) found.push('7: something after the end')
    if (event.type === 'message_start' && index !== 0) found.push('1: start is not first')
    if (index === 0 && event.type !== 'message_start' && event.type !== 'error') {
      found.push('1: no start')
    }
  })
  found.push(...blockBreaches(events))
  if (last?.type === 'message_stop') found.push(...endBreaches(events))
  return found
}

function blockBreaches(events: readonly StreamEvent[]): string[] {
  const found: string[] = []
  let open: { index: number; type: string } | undefined
  let next = 0
  let ended = 0
  for (const event of events) {
    if (event.type === 'content_block_start') {
      if (open !== undefined) found.push('3: two blocks open')
      if (event.index !== next) found.push(`2: index ${event.index}, not ${next}`)
      if (ended > 0) found.push('6: block after message_delta')
      open = { index: event.index, type: event.content_block.type }
      next += 1
    } else if (event.type === 'content_block_delta') {
      if (open?.index !== event.index) found.push('5: delta outside its block')
      const kinds = KINDS_OF_DELTA[event.delta.type]
      if (!kinds?.includes(open?.type ?? '')) found.push(`4: ${event.delta.type} in ${open?.type}`)
    } else if (event.type === 'content_block_stop') {
      if (open?.index !== event.index) found.push('5: stop without its start')
      open = undefined
    } else if (event.type === 'message_delta') {
      if (open !== undefined) found.push('6: message_delta in a block')
      ended += 1
    }
  }
  const whole = events.at(-1)?.type === 'message_stop'
  if (whole && ended !== 1) found.push(`6: ${ended} message_delta`)
  if (!whole && ended > 0) found.push('7: an error after message_delta')
  if (whole && open !== undefined) found.push('5: a block never stopped')
  return found
}

const KINDS_OF_DELTA: Readonly<Record<string, readonly string[]>> = {
  text_delta: ['text'],
  citations_delta: ['text'],
  thinking_delta: ['thinking'],
  signature_delta: ['thinking'],
  input_json_delta: ['tool_use', 'server_tool_use'],
}

const CUTS = ['max_tokens', 'model_context_window_exceeded', 'refusal']

function endBreaches(events: readonly StreamEvent[]): string[] {
  const { value, notes } = assemble(events)
  const calls = value.content.filter((block) => block.type === 'tool_use').length
  const found: string[] = []
  const cut = CUTS.includes(value.stop_reason ?? '')
  if (value.stop_reason === 'tool_use' && calls === 0) found.push('9: tool_use without a tool')
  if (calls > 0 && !cut && value.stop_reason !== 'tool_use') found.push('9: tools, not tool_use')
  if (notes.length > 0 && !cut) found.push(`8: ${notes.join(', ')}`)
  return found
}
