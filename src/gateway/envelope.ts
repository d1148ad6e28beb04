import { type Static, Type } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler'
import { asBuffer } from '../kit/bytes.ts'
import { ProxyError } from '../kit/error.ts'
import { parseSpan, type Span, scanTopLevel } from '../kit/json-splice.ts'

/** What the hop must know of a body that it does not otherwise read. */
const Envelope = Type.Object(
  {
    model: Type.String({ minLength: 1 }),
    stream: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  },
  { additionalProperties: true },
)
let compiled: TypeCheck<typeof Envelope> | undefined

/** Compiled when the first body comes: a start that never sees one need not wait for it. */
function checkOf(): TypeCheck<typeof Envelope> {
  compiled ??= TypeCompiler.Compile(Envelope)
  return compiled
}

/** The envelope of a body and where its model stands. */
export interface ReadEnvelope extends Static<typeof Envelope> {
  readonly modelSpan: Span
  /** Where its `metadata` stands, not looked into. */
  readonly metadataSpan: Span | undefined
  /** Where its conversation stands. */
  readonly conversationSpan: Span | undefined
  /** Where its long strings stand. */
  readonly longStrings: readonly Span[]
  /** Its bytes as Latin-1, in which they are found fast: each place is that of the bytes. */
  readonly latin1: string
}

/** Reads the envelope by a shallow scan; throws `invalid_request` naming what is wrong with it. */
export function readEnvelope(body: Uint8Array): ReadEnvelope {
  const longStrings: Span[] = []
  const latin1 = asBuffer(body).toString('latin1')
  const spans = scan(body, longStrings, latin1)
  const model = spans.get('model')
  const stream = spans.get('stream')
  const value = {
    ...(model === undefined ? {} : { model: spanValue(body, model, 'model') }),
    ...(stream === undefined ? {} : { stream: spanValue(body, stream, 'stream') }),
  }
  if (!checkOf().Check(value) || model === undefined) throw wrong(value)
  return {
    ...value,
    modelSpan: model,
    metadataSpan: spans.get('metadata'),
    conversationSpan: spans.get('messages') ?? spans.get('input'),
    longStrings,
    latin1,
  }
}

function scan(body: Uint8Array, longStrings: Span[], latin1: string): Map<string, Span> {
  if (body.length === 0) throw new ProxyError('invalid_request', 'Request body is empty: send JSON')
  try {
    return scanTopLevel(body, longStrings, latin1)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new ProxyError('invalid_request', `Request body is not a JSON object: ${error.message}`)
  }
}

function spanValue(body: Uint8Array, span: Span, field: string): unknown {
  try {
    return parseSpan(body, span)
  } catch (cause) {
    throw new ProxyError('invalid_request', `Request body is not valid JSON at "${field}"`, {
      field,
      cause,
    })
  }
}

function wrong(value: object): ProxyError {
  const first = checkOf().Errors(value).First()
  const field = first?.path.slice(1) || 'model'
  if (!(field in value)) {
    return new ProxyError('invalid_request', `${field}: Field required`, { field })
  }
  const expected = field === 'model' ? 'a non-empty string' : 'a boolean'
  return new ProxyError('invalid_request', `${field}: Must be ${expected}`, { field })
}
