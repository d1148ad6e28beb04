import type { Codec, ReadOptions } from '../codec.ts'
import { createUsageTap } from '../usage-tap.ts'
import { responsesErrors } from './error.ts'
import type { ResponsesInOptions } from './item-reader.ts'
import { responsesReplyIn } from './reply-in.ts'
import { responsesReplyOut } from './reply-out.ts'
import { responsesRequestIn } from './request-in.ts'
import { responsesRequestOut } from './request-out.ts'
import { createResponsesStreamIn } from './stream-in.ts'
import { createResponsesStreamOut } from './stream-out.ts'
import { tapUsage } from './usage.ts'

const ENDS = [
  'event: response.completed',
  'event: response.incomplete',
  'event: response.failed',
  'event: error',
  '{"type":"response.completed"',
  '{"type":"response.incomplete"',
  '{"type":"response.failed"',
]

/** OpenAI Responses. */
export const responsesCodec: Codec = {
  name: 'responses',
  path: '/v1/responses',
  errors: responsesErrors,
  ping: ': ping\n\n',
  requestIn: (body) => responsesRequestIn(body),
  requestOut: (turn, { profile }) => ({ ...responsesRequestOut(turn, profile), betas: [] }),
  replyIn: (body, options) => responsesReplyIn(body, inOptions(options)),
  replyOut: (message, { body, world }) => responsesReplyOut(message, { request: body, world }),
  streamIn: (options) => createResponsesStreamIn(inOptions(options)),
  streamOut: ({ body, world }) => createResponsesStreamOut({ request: body, world }),
  tap: () => createUsageTap(tapUsage, ENDS),
}

function inOptions({ world, model, names, profile }: ReadOptions): ResponsesInOptions {
  return { world, model, upstream: profile.name, ...(names === undefined ? {} : { names }) }
}
