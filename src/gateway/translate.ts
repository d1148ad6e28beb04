import { asBuffer } from '../kit/bytes.ts'
import { ProxyError } from '../kit/error.ts'
import { randomId } from '../kit/id.ts'
import { isRecord } from '../kit/json.ts'
import type { Condensed } from '../kit/json-condense.ts'
import { DEEPEST, isDeeper } from '../kit/json-depth.ts'
import { parseExact } from '../kit/json-exact.ts'
import type { Codec, ReadOptions, Whole, WriteOptions } from '../protocol/codec.ts'
import { checkRequest } from '../protocol/messages/check.ts'
import type { Block } from '../protocol/messages/schema.ts'
import { stripOwnThinking } from '../protocol/messages/signature.ts'
import { NEUTRAL_PROFILE, type Profile } from '../protocol/profile.ts'
import type { Note, Turn, World } from '../protocol/protocol.ts'
import { withoutOwnItems } from '../protocol/responses/own-items.ts'

/** The limit sent where neither the client nor the settings say one. */
const DEFAULT_MAX_TOKENS = 32_000

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Ids and time for the codecs. */
export const WORLD: World = {
  id: () => randomId(),
  now: () => Math.floor(Date.now() / 1000),
}

/** What is to be said in another protocol. */
export interface TranslationJob {
  readonly client: Codec
  readonly upstream: Codec
  readonly body: Uint8Array
  /** The body without the middles of its long texts, where it is large. */
  readonly condensed: Condensed | undefined
  /** As the client asked for it. */
  readonly asked: string
  /** As the upstream calls it. */
  readonly model: string
  readonly profile: Profile | undefined
  readonly defaultMaxTokens: number | undefined
  readonly requestId: string
  readonly told: Noting
}

/** A request in the upstream's protocol, with all that its reply needs to come back in the client's. */
export interface Translation {
  readonly client: Codec
  readonly upstream: Codec
  readonly body: Uint8Array
  readonly betas: readonly string[]
  readonly notes: readonly Note[]
  readonly profile: Profile
  readonly read: ReadOptions
  readonly write: WriteOptions
}

/** `up = out_u(in_c(body))`; what the reply needs goes along. Throws a ProxyError that names the field at fault. */
export function translate(job: TranslationJob): Translation {
  return (job.condensed && translateCondensed(job, job.condensed)) ?? translateWhole(job)
}

function translateWhole(job: TranslationJob): Translation {
  const { json, ...translation } = translated(job, parseBody(job.body))
  return { ...translation, body: encoder.encode(json) }
}

/** The same, long texts untouched; undefined where one of them is looked into, changed or told of. */
function translateCondensed(job: TranslationJob, condensed: Condensed): Translation | undefined {
  try {
    const parsed = parseText(condensed.text)
    const { json, ...translation } = translated(job, parsed, (text) => condensed.whole(text))
    const body = condensed.restore(json)
    const told = translation.notes.some((note) => condensed.showsIn(note))
    return body === undefined || told ? undefined : { ...translation, body }
  } catch {
    // Whatever is wrong with it, the whole body is what can be told of.
    return undefined
  }
}

function translated(
  job: TranslationJob,
  parsed: unknown,
  whole?: Whole,
): Omit<Translation, 'body'> & { readonly json: string } {
  const { client, upstream, asked, requestId } = job
  const said = client.requestIn(parsed, whole)
  const turn: Turn = { ...said, request: { ...said.request, model: job.model } }
  const profile = job.profile ?? NEUTRAL_PROFILE
  const defaultMaxTokens = job.defaultMaxTokens ?? DEFAULT_MAX_TOKENS
  const out = upstream.requestOut(turn, { profile, defaultMaxTokens })
  return {
    client,
    upstream,
    json: JSON.stringify(out.value),
    betas: out.betas,
    notes: [...turn.notes, ...out.notes],
    profile,
    read: {
      world: WORLD,
      model: asked,
      names: out.names,
      stopSequences: turn.request.stop_sequences,
      profile,
      lost: (path) => job.told.note(noCounterpart(path)),
    },
    write: { world: WORLD, model: asked, requestId, body: parsed, turn },
  }
}

/** Who is told what of a reply is lost. */
export interface Noting {
  note(note: Note): void
}

/** Tells of a block that the client's protocol has no place for. */
export function noteUnheld({ holds }: Codec, { type }: Block, told: Noting): void {
  if (holds?.has(type) === false) told.note(noCounterpart(`content.${type}`))
}

function noCounterpart(path: string): Note {
  return `${path}: dropped, no counterpart`
}

/**
 * A Messages body for a real Anthropic upstream: thinking that came from another vendor carries a signature of ours,
 * which Anthropic would refuse. A body without one comes back as it is, to the byte.
 */
export function withoutForeignThinking(body: Uint8Array): { body: Uint8Array; notes: Note[] } {
  if (!asBuffer(body).includes(OWN_SIGNATURE)) {
    return { body, notes: [] }
  }
  const request = checkRequest(parseBody(body))
  const stripped = stripOwnThinking(request)
  if (stripped === request) return { body, notes: [] }
  return {
    body: encoder.encode(JSON.stringify(stripped)),
    notes: [
      'messages: what another upstream thought and found left out, Anthropic takes only its own',
    ],
  }
}

/** The same of a Responses body for OpenAI itself, or whoever speaks its protocol. */
export function withoutForeignItems(body: Uint8Array): { body: Uint8Array; notes: Note[] } {
  if (!asBuffer(body).includes(OWN_SIGNATURE)) return { body, notes: [] }
  const request = parseBody(body)
  if (!isRecord(request) || !Array.isArray(request.input)) return { body, notes: [] }
  const input = withoutOwnItems(request.input)
  if (input === request.input) return { body, notes: [] }
  return {
    body: encoder.encode(JSON.stringify({ ...request, input })),
    notes: ['input: what another upstream thought left out, this one takes only its own'],
  }
}

/** How a signature of ours begins in a body. */
const OWN_SIGNATURE = '"ccproxy.'

/** A request's body as JSON; what is none is the client's mistake. */
export function parseBody(body: Uint8Array): unknown {
  return parseText(decodeText(body))
}

function parseText(text: string): unknown {
  const value = parseExact(text)
  if (value === undefined) {
    throw new ProxyError('invalid_request', 'Request body is not valid JSON: check its syntax')
  }
  if (isDeeper(value)) {
    throw new ProxyError('invalid_request', `Request body is nested deeper than ${DEEPEST} levels`)
  }
  return value
}

/** Strict: a broken character would reach the upstream as another one. */
function decodeText(body: Uint8Array): string {
  try {
    return decoder.decode(body)
  } catch (cause) {
    throw new ProxyError('invalid_request', 'Request body is not valid UTF-8', { cause })
  }
}
