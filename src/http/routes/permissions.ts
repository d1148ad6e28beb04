import { Kind, type TSchema } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler'
import { type Elysia, t } from 'elysia'
import { ProxyError } from '../../kit/error.ts'
import { isRecord, parseJson } from '../../kit/json.ts'
import {
  PermissionAnswer,
  PermissionEvent,
  PermissionState,
} from '../../provider/claude-sdk/permission-schema.ts'
import type { App } from '../context.ts'
import { readBody } from '../read-body.ts'
import { content, jsonReply, service } from '../service-detail.ts'

/** More who listen are sent away. */
const MOST_LISTENERS = 100
const NO_STORE = { 'cache-control': 'no-store' }
const HELLO = { event: 'ping', data: { message: 'Connected to permission stream' } }
const Waiting = t.Object({ permissions: t.Array(PermissionState) })
const Answered = t.Object({
  status: t.Literal('success'),
  permission_id: t.String(),
  message: t.String(),
  allowed: t.Boolean(),
})
const ID = { params: t.Object({ id: t.String({ minLength: 1, maxLength: 100 }) }) }

const answerDetail = {
  ...service('Answer a tool request; the first answer counts', {
    ...jsonReply('The answer was taken', Answered),
    400: { description: 'The answer is not valid' },
    404: { description: 'No such request' },
    409: { description: 'It is answered already' },
    410: { description: 'Its time is over, or nobody waits for it any more' },
  }),
  requestBody: { required: true, content: content('application/json', PermissionAnswer) },
}

const events = {
  200: {
    description: 'Server-sent events: ping, then what waits, then each as it comes and ends',
    content: content('text/event-stream', PermissionEvent),
  },
}

/** What these routes work with. */
export type PermissionContext = Pick<App, 'permissions' | 'eventStreams' | 'bodyLimits'>

/** Where desks hear of the tool requests of SDK mode and answer them (interface.md 1). */
export function addPermissionRoutes(app: Elysia, context: PermissionContext): void {
  const listeners = new Set<object>()
  app
    .get('/permissions', () => list(context), {
      detail: service('Tool requests that wait', jsonReply('Oldest first', Waiting)),
    })
    .get('/permissions/stream', () => stream(context, listeners), {
      detail: service('Tool requests as they come and end', events),
    })
    .get('/permissions/:id', ({ params }) => show(context, params.id), {
      ...ID,
      detail: service('One tool request', jsonReply('What it is', PermissionState)),
    })
    .post(
      '/permissions/:id/respond',
      ({ request, params }) => respond(context, request, params.id),
      { ...ID, parse: 'none', detail: answerDetail },
    )
}

function list({ permissions }: PermissionContext): Response {
  return Response.json({ permissions: permissions.pending() }, { headers: NO_STORE })
}

/** `listeners` are those who listen now. */
function stream(
  { permissions, eventStreams }: PermissionContext,
  listeners: Set<object>,
): Response {
  if (listeners.size >= MOST_LISTENERS) {
    const text = `${MOST_LISTENERS} desks listen already: close one, or ask GET /permissions`
    throw new ProxyError('unavailable', text, { headers: { 'retry-after': '10' } })
  }
  return eventStreams.respond({
    hello: HELLO,
    subscribe(send) {
      const leave = permissions.subscribe((event) => send({ event: event.type, data: event }))
      listeners.add(leave)
      return () => {
        leave()
        listeners.delete(leave)
      }
    },
  })
}

function show({ permissions }: PermissionContext, id: string): Response {
  const state = permissions.find(id)
  if (state === undefined) throw unknown(id)
  return Response.json(state, { headers: NO_STORE })
}

async function respond(
  context: PermissionContext,
  request: Request,
  id: string,
): Promise<Response> {
  const answer = readAnswer(await readBody(request, context.bodyLimits))
  const { permissions } = context
  switch (permissions.respond(id, answer)) {
    case 'taken': {
      const said = answer.allowed ? 'allowed' : 'denied'
      return Response.json(
        {
          status: 'success',
          message: `Permission ${said}`,
          permission_id: id,
          allowed: answer.allowed,
        },
        { headers: NO_STORE },
      )
    }
    case 'conflict': {
      const status = permissions.find(id)?.status
      throw new ProxyError('conflict', `Permission "${id}" is already ${status}: it cannot change`)
    }
    case 'gone': {
      const text = `Permission "${id}" has ended unanswered: Claude was told no`
      throw new ProxyError('gone', text)
    }
    case 'unknown':
      throw unknown(id)
  }
}

function unknown(id: string): ProxyError {
  const text = `Permission "${id.slice(0, 100)}" is unknown: see GET /permissions for those that wait`
  return new ProxyError('not_found', text)
}

let compiled: TypeCheck<typeof PermissionAnswer> | undefined

function readAnswer(body: Uint8Array): PermissionAnswer {
  const value = parseJson(new TextDecoder().decode(body))
  if (!isRecord(value)) {
    throw new ProxyError(
      'invalid_request',
      'Request body is not a JSON object: send {"allowed": true}',
    )
  }
  compiled ??= TypeCompiler.Compile(PermissionAnswer)
  if (!compiled.Check(value)) {
    const error = compiled.Errors(value).First()
    const field = error?.path.slice(1).replaceAll('/', '.') || 'allowed'
    throw wrongField(field, field in value ? `Must be ${kindOf(error?.schema)}` : 'Field required')
  }
  if (!value.allowed && value.updated_input !== undefined) {
    throw wrongField('updated_input', 'Goes only with "allowed": true')
  }
  return value
}

function kindOf(schema: TSchema | undefined): string {
  const kind = schema?.[Kind]
  if (kind === 'Boolean') return 'true or false'
  return kind === 'String' ? 'a string' : 'an object'
}

function wrongField(field: string, issue: string): ProxyError {
  return new ProxyError('invalid_request', `${field}: ${issue}`, { field })
}
