import { ProxyError } from '../kit/error.ts'
import { parseJson } from '../kit/json.ts'
import type { Codec } from '../protocol/codec.ts'
import { readUpstreamError } from '../protocol/read-error.ts'
import type { Exchange } from './exchange.ts'
import type { Reply } from './relay.ts'

/** A whole reply as it may go to the client. */
export interface CheckedReply {
  readonly status: number
  readonly bytes: Uint8Array
  /** Set where the body is ours and no longer the upstream's. */
  readonly contentType: string | undefined
  /** What the upstream's error said, for the log. */
  readonly error: string | undefined
}

/** A reply that came whole. */
export type BodyReply = Extract<Reply, { kind: 'body' }>

/** What a reply is checked against. */
export interface ReplyCheck {
  readonly client: Codec
  readonly translation: object | undefined
  readonly exchange: Exchange
  readonly call: { readonly prepared: { readonly headers: Headers } }
}

/** Shorter ones are placeholders such as `dummy`, which may stand in any text. */
const SHORTEST_KEY = 12

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * Lets an upstream's reply pass if it is what its protocol promises: JSON, and an error in the protocol's own shape.
 * Anything else becomes an error in the caller's shape; a good status with no JSON behind it is a 502.
 */
export function checkReply(reply: BodyReply, work: ReplyCheck): CheckedReply {
  const { status, bytes } = reply
  if (status >= 400) return checkError(reply, work)
  if (status === 204 || status === 304 || looksWhole(bytes)) {
    return { status, bytes, contentType: undefined, error: undefined }
  }
  throw nonsense(reply)
}

function checkError(reply: BodyReply, work: ReplyCheck): CheckedReply {
  const { status } = reply
  const { client, translation, exchange } = work
  const told = decoder.decode(reply.bytes)
  const body = withoutKeys(told, work.call.prepared.headers)
  const bytes = body === told ? reply.bytes : encoder.encode(body)
  const error = readUpstreamError({ status, body })
  const passes =
    exchange.mode === 'passthrough' ||
    (client.errors.isOwn(parseJson(body)) && status === error.status)
  if (translation === undefined && passes) {
    return { status, bytes, contentType: undefined, error: error.message }
  }
  return {
    status: error.status,
    bytes: encoder.encode(client.errors.body(error, exchange.id)),
    contentType: 'application/json',
    error: error.message,
  }
}

/** Some upstreams quote the key that they refuse; it is not the client's to see, nor the log's. */
function withoutKeys(text: string, sent: Headers): string {
  let clean = text
  for (const name of ['authorization', 'x-api-key', 'api-key']) {
    const key = sent.get(name)?.replace(/^bearer\s+/i, '')
    if (key !== undefined && key.length >= SHORTEST_KEY) clean = clean.replaceAll(key, '***')
  }
  return clean
}

/** Whether the bytes can be one JSON value: how it begins and ends tells a page and a cut body apart. */
function looksWhole(bytes: Uint8Array): boolean {
  let start = 0
  let end = bytes.length
  while (start < end && isSpace(bytes[start]!)) start += 1
  while (end > start && isSpace(bytes[end - 1]!)) end -= 1
  const first = bytes[start]
  const last = bytes[end - 1]
  return (first === 0x7b && last === 0x7d) || (first === 0x5b && last === 0x5d)
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function nonsense(reply: BodyReply): ProxyError {
  const type = reply.headers.get('content-type')?.split(';')[0] ?? 'no content-type'
  const size = reply.bytes.length
  const text = `Upstream answered ${reply.status} with ${size} bytes of ${type} that are no complete JSON`
  return new ProxyError('upstream_protocol', `${text}: check base_url, or a page stands in the way`)
}
