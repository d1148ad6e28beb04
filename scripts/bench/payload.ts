/** One prebuilt event stream: the bytes a client must get, and the chunked pieces an upstream writes. */
export interface EventStream {
  /** Number of events. */
  events: number
  /** How many of them come before the first delta. */
  opening: number
  /** The body, without chunk framing. */
  body: Buffer
  /** One HTTP/1.1 chunk per event. */
  chunks: Buffer[]
  /** All chunks in one buffer. */
  wire: Buffer
}

/** The terminator of a chunked body. */
export const LAST_CHUNK = Buffer.from('0\r\n\r\n')

/** The response head of an event stream. */
export const STREAM_HEAD = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n' +
    'request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n',
)

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`
}

/** Frames bytes as one HTTP/1.1 chunk. */
export function chunked(bytes: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ])
}

/** Frames a stream's events, of which the first `opening` come before the first delta. */
export function eventStream(texts: string[], opening: number): EventStream {
  const events = texts.map((text) => Buffer.from(text))
  const chunks = events.map(chunked)
  return {
    events: events.length,
    opening,
    body: Buffer.concat(events),
    chunks,
    wire: Buffer.concat([...chunks, LAST_CHUNK]),
  }
}

/** The text of one delta; the number makes a lost, doubled or swapped event visible to a plain byte comparison. */
export function deltaText(index: number): string {
  return ` word ${String(index).padStart(7, '0')}`
}

/** What differs between an upstream's own stream and one that was translated. */
export interface MessagesVoice {
  id: string
  startUsage: object
  endUsage: object
}

/** The events of a Messages reply of `deltas` text deltas between its opening and closing events. */
export function messagesStream(deltas: number, voice: Partial<MessagesVoice> = {}): EventStream {
  const message = {
    id: voice.id ?? 'msg_bench',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-5',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: voice.startUsage ?? { input_tokens: 11, output_tokens: 1 },
  }
  const texts = [
    event('message_start', { message }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  ]
  for (let i = 0; i < deltas; i++) {
    const text = deltaText(i)
    texts.push(event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }))
  }
  texts.push(
    event('content_block_stop', { index: 0 }),
    event('message_delta', {
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: voice.endUsage ?? { output_tokens: deltas },
    }),
    event('message_stop', {}),
  )
  return eventStream(texts, 2)
}

/** What every whole reply says. */
export const REPLY_TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(20)

/** A non-stream Messages reply. */
export function messagesReply(id: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      id,
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content: [{ type: 'text', text: REPLY_TEXT }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 11, output_tokens: 200 },
    }),
  )
}

/** The messages of a request body of at least `bytes` bytes: a conversation of many turns. */
export function conversation(bytes: number): object[] {
  const turn = (i: number) => ({
    role: i % 2 === 0 ? 'user' : 'assistant',
    content: [
      { type: 'text', text: `Turn ${i}: "quoted", a tab\t, ünïcode and so on. `.repeat(20) },
    ],
  })
  const messages: object[] = []
  for (let size = 0, i = 0; size < bytes; i++) {
    messages.push(turn(i))
    size += 1000
  }
  if (messages.length % 2 === 0) messages.push({ role: 'user', content: 'Say something.' })
  return messages
}

function messagesRequest(stream: boolean, bytes = 0): Buffer {
  const messages = conversation(bytes)
  const body = { model: 'claude-sonnet-4-5', max_tokens: 1024, ...(stream && { stream }), messages }
  return Buffer.from(JSON.stringify(body))
}

/** Frames a request to `path` on `port` as one buffer. */
export function requestWire(port: number, path: string, body: Buffer): Buffer {
  const head =
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n` +
    'anthropic-version: 2023-06-01\r\nx-api-key: sk-ant-api03-bench\r\nuser-agent: ccproxy-bench\r\n' +
    `accept: */*\r\ncontent-length: ${body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

/** One wire protocol as the bench needs it: what a client asks, and what an upstream answers. */
export interface WireDialect {
  path: string
  request(stream: boolean, bytes?: number): Buffer
  jsonReply: Buffer
  stream(deltas: number): EventStream
}

/** Anthropic Messages. */
export const MESSAGES: WireDialect = {
  path: '/v1/messages',
  request: messagesRequest,
  jsonReply: messagesReply('msg_bench'),
  stream: (deltas) => messagesStream(deltas),
}
