import { SseParser } from '../kit/sse.ts'
import { CODECS } from '../protocol/index.ts'
import { NEUTRAL_PROFILE } from '../protocol/profile.ts'
import type { ProtocolName, StreamEvent } from '../protocol/protocol.ts'
import { redact } from './redact.ts'

// Bodies as they are kept: images left out, secrets masked, then cut. A stream is kept as the message that it told, since
// a key that comes in pieces could not be found in its events.

/** Read beyond what is kept, so that a secret at the cut is seen whole: a private key has some 3 KB. */
const SLACK = 8192
/** A text in Base64 of at least this length is taken for an image or a file. */
const LONG = 256
const QUOTE = 0x22
const SPACE = 0x20
const COLON = 0x3a
const DATA = Buffer.from('"data"')
const DATA_URL = Buffer.from(';base64,')

/** A body as it is kept, of at most `most` characters and a word on what was cut; undefined where there is none. */
export function keptBody(
  parts: readonly Uint8Array[],
  protocol: ProtocolName | undefined,
  most: number,
): string | undefined {
  const whole = Buffer.concat(parts)
  if (whole.length === 0) return undefined
  const stream = protocol !== undefined && isStream(whole)
  const told = stream ? Buffer.from(JSON.stringify(messageOfStream(whole, protocol))) : whole
  const text = redact(withoutImages(told, most + SLACK))
  const cut = text.length > most ? `${text.slice(0, most)} … (cut, ${whole.length} bytes)` : text
  // A database takes neither half characters nor the zero one.
  return cut.toWellFormed().replaceAll('\u0000', '\ufffd')
}

/** Whether these are server-sent events. */
export function isStream(bytes: Buffer): boolean {
  const begin = bytes.toString('latin1', 0, 6)
  return begin === 'event:' || begin.startsWith('data:') || begin.startsWith(':')
}

/** The beginning of a text, as long as it is wanted, with a word in place of each image or file. */
function withoutImages(bytes: Buffer, wanted: number): string {
  const pieces: string[] = []
  let length = 0
  let from = 0
  while (length < wanted && from < bytes.length) {
    const start = imageStart(bytes, from)
    const to = Math.min(start ?? bytes.length, from + wanted - length)
    pieces.push(bytes.toString('utf8', from, to))
    length += to - from
    from = to
    if (start === undefined || to < start) break
    const end = bytes.indexOf(QUOTE, start)
    const stop = end === -1 ? bytes.length : end
    if (stop - start >= LONG) pieces.push(`[${stop - start} bytes of Base64 left out]`)
    else pieces.push(bytes.toString('utf8', start, stop))
    from = stop
  }
  return pieces.join('')
}

/** Where the next text begins that may be an image. */
function imageStart(bytes: Buffer, from: number): number | undefined {
  const url = bytes.indexOf(DATA_URL, from)
  const field = fieldStart(bytes, from)
  if (url === -1) return field
  const behind = url + DATA_URL.length
  return field === undefined ? behind : Math.min(field, behind)
}

function fieldStart(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(DATA, from); at !== -1; at = bytes.indexOf(DATA, at + 1)) {
    let start = at + DATA.length
    while (bytes[start] === SPACE || bytes[start] === COLON) start += 1
    // A data URL is found by its own sign, so that its type stays to be read.
    if (bytes[start] === QUOTE && bytes.toString('latin1', start + 1, start + 6) !== 'data:') {
      return start + 1
    }
  }
  return undefined
}

/** What a client's stream told, as far as it was kept: a message whose fields may be missing. */
export function messageOfStream(
  bytes: Buffer,
  protocol: ProtocolName,
): Readonly<Record<string, unknown>> {
  const parser = new SseParser()
  const world = { id: () => '', now: () => 0 }
  const machine = CODECS[protocol].streamIn({
    ...{ world, model: '', names: undefined, stopSequences: undefined },
    profile: NEUTRAL_PROFILE,
  })
  const told = new Told()
  for (const frame of [...parser.push(bytes), ...parser.end()]) {
    for (const event of machine.push(frame)) told.take(event)
  }
  return told.message()
}

/** The blocks of a stream, which may break off anywhere. */
class Told {
  readonly #blocks: Record<string, unknown>[] = []
  readonly #texts: string[] = []
  readonly #rest: Record<string, unknown> = {}

  take(event: StreamEvent): void {
    switch (event.type) {
      case 'message_start':
        this.#rest.model = event.message.model
        break
      case 'content_block_start':
        this.#blocks.push({ ...event.content_block })
        this.#texts.push('')
        break
      case 'content_block_delta':
        this.#extend(event.delta)
        break
      case 'message_delta':
        Object.assign(this.#rest, event.delta, { usage: event.usage })
        break
      case 'error':
        this.#rest.error = event.error
        break
      case 'content_block_stop':
      case 'message_stop':
      case 'ping':
        break
    }
  }

  #extend(delta: Extract<StreamEvent, { type: 'content_block_delta' }>['delta']): void {
    const last = this.#texts.length - 1
    if (delta.type === 'text_delta') this.#texts[last] += delta.text
    else if (delta.type === 'thinking_delta') this.#texts[last] += delta.thinking
    else if (delta.type === 'input_json_delta') this.#texts[last] += delta.partial_json
  }

  message(): Readonly<Record<string, unknown>> {
    const content = this.#blocks.map((block, index) => {
      const text = this.#texts[index]
      const field =
        block.type === 'text' ? 'text' : block.type === 'thinking' ? 'thinking' : 'input'
      return text === '' ? block : { ...block, [field]: text }
    })
    return { ...this.#rest, content }
  }
}
