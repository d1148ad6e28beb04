import { type Static, Type } from '@sinclair/typebox'

const Time = Type.String({ description: 'ISO 8601, UTC' })
const Words = Type.Union([Type.String(), Type.Null()])
const Seconds = Type.Number({ description: 'Seconds' })

/** What is asked, as a desk hears it; `time_remaining` counts from the moment of sending. */
export const PermissionRequest = Type.Object({
  type: Type.Literal('permission_request'),
  request_id: Type.String(),
  tool_name: Type.String(),
  input: Type.Unknown({ description: "The tool's input, as it is" }),
  created_at: Time,
  expires_at: Time,
  timeout_seconds: Seconds,
  time_remaining: Seconds,
  session_id: Words,
  tool_use_id: Words,
  title: Words,
  description: Words,
  decision_reason: Words,
  blocked_path: Words,
  default_to_no: Type.Boolean({ description: 'One stray key must not allow it' }),
  once_only: Type.Boolean({ description: 'A yes must not be made a lasting one' }),
})

/** An answer was given, or nobody waits for one any more. */
const PermissionResolved = Type.Object({
  type: Type.Literal('permission_resolved'),
  request_id: Type.String(),
  allowed: Type.Boolean(),
  resolved_at: Time,
  reason: Type.Union([Type.Literal('answered'), Type.Literal('cancelled')]),
  message: Words,
})

/** Nobody answered in time, which denied the request. */
const PermissionExpired = Type.Object({
  type: Type.Literal('permission_expired'),
  request_id: Type.String(),
  expired_at: Time,
})

/** What a desk hears. */
export const PermissionEvent = Type.Union([
  PermissionRequest,
  PermissionResolved,
  PermissionExpired,
])

/** One request as `GET /permissions/{id}` tells it. */
export const PermissionState = Type.Object({
  request_id: Type.String(),
  tool_name: Type.String(),
  input: Type.Unknown({ description: "The tool's input, as it is" }),
  status: Type.Union([
    Type.Literal('pending'),
    Type.Literal('allowed'),
    Type.Literal('denied'),
    Type.Literal('expired'),
  ]),
  created_at: Time,
  expires_at: Time,
  time_remaining: Seconds,
  resolved_at: Type.Union([Time, Type.Null()]),
  message: Words,
  session_id: Words,
})

/** An answer to a request. */
export const PermissionAnswer = Type.Object({
  allowed: Type.Boolean(),
  message: Type.Optional(Type.String({ description: 'What Claude is told, with a no' })),
  updated_input: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: "What the tool runs with in place of Claude's input, with a yes",
    }),
  ),
})

/** @see PermissionEvent */
export type PermissionEvent = Static<typeof PermissionEvent>
/** @see PermissionRequest */
export type PermissionRequest = Static<typeof PermissionRequest>
/** @see PermissionState */
export type PermissionState = Static<typeof PermissionState>
/** @see PermissionAnswer */
export type PermissionAnswer = Static<typeof PermissionAnswer>
