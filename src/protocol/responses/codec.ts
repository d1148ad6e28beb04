import type { Codec, ReadOptions } from '../codec.ts'
import type { Usage } from '../protocol.ts'
import { createUsageTap, tapStop } from '../usage-tap.ts'
import { responsesErrors } from './error.ts'
import type { ResponsesInOptions } from './item-reader.ts'
import { responsesReplyIn } from './reply-in.ts'
import { responsesReplyOut } from './reply-out.ts'
import { responsesRequestIn } from './request-in.ts'
import { responsesRequestOut } from './request-out.ts'
import { createResponsesStreamIn } from './stream-in.ts'
import { createResponsesStreamOut } from './stream-out.ts'
import { tapUsage } from './usage.ts'

/** `done` is an earlier name of `completed`; some servers name the event only on its line, some only in its data. */
const ENDS =
  /^event: ?response\.(?:completed|done|incomplete)$|"type": ?"response\.(?:completed|done|incomplete)"/m
const FAILURES =
  /^event: ?(?:error|response\.(?:failed|cancelled))$|"type": ?"(?:error|response\.(?:failed|cancelled))"/m

const BRACE = 0x7b
const STATUS = '"status"'

/** A stream's last event is named for how it ended; in a whole reply its own state stands before its items'. */
function stop(usage: Usage, buffer: Buffer): void {
  if (buffer.includes('"response.completed"')) usage.stopReason = 'completed'
  else if (buffer.includes('"response.incomplete"')) usage.stopReason = 'incomplete'
  else if (buffer[0] === BRACE) tapStop(usage, buffer, buffer.indexOf(STATUS), STATUS)
}

const HELD: ReadonlySet<string> = new Set([
  ...['text', 'thinking', 'redacted_thinking', 'tool_use'],
  ...['server_tool_use', 'web_search_tool_result'],
])

/** OpenAI Responses. */
export const responsesCodec: Codec = {
  name: 'responses',
  path: '/v1/responses',
  errors: responsesErrors,
  ping: ': ping\n\n',
  holds: HELD,
  requestIn: (body) => responsesRequestIn(body),
  requestOut: (turn, { profile }) => ({ ...responsesRequestOut(turn, profile), betas: [] }),
  replyIn: (body, options) => responsesReplyIn(body, inOptions(options)),
  replyOut: (message, { body, world }) => responsesReplyOut(message, { request: body, world }),
  streamIn: (options) => createResponsesStreamIn(inOptions(options)),
  streamOut: ({ body, world }) => createResponsesStreamOut({ request: body, world }),
  tap: () => createUsageTap({ usageOf: tapUsage, ends: ENDS, failures: FAILURES, stop }),
}

function inOptions({ world, model, names, profile, lost }: ReadOptions): ResponsesInOptions {
  return {
    ...{ world, model, upstream: profile.name },
    ...(names === undefined ? {} : { names }),
    ...(lost === undefined ? {} : { lost }),
  }
}
