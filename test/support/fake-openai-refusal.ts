import type { Json } from './fake-reply.ts'

/** A request that OpenAI's API would not take. @see wire.md 2.3 */
export class OpenaiRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly param: string | null = null,
    readonly code: string | null = null,
    readonly type = 'invalid_request_error',
  ) {
    super(message)
  }

  /** The body of the reply. */
  get body(): Json {
    const { message, type, param, code } = this
    return { error: { message, type, param, code } }
  }
}

/** Refuses with a 400 that names the parameter. */
export function refuseParam(param: string, message: string, code: string | null = null): never {
  throw new OpenaiRefusal(400, message, param, code)
}

/** Refuses unless a condition holds. */
export function demandParam(
  condition: boolean,
  param: string,
  message: string,
  code = 'invalid_value',
): asserts condition {
  if (!condition) refuseParam(param, `Invalid '${param}': ${message}`, code)
}

/** Refuses keys beyond the known ones. */
export function closedKeys(value: Json, known: readonly string[], at: string): void {
  const extra = Object.keys(value).find((key) => !known.includes(key))
  if (extra === undefined) return
  const param = at === '' ? extra : `${at}.${extra}`
  refuseParam(param, `Unknown parameter: '${param}'.`, 'unknown_parameter')
}

/** Refuses values outside an enumeration; undefined is left to the caller. */
export function oneOf(value: unknown, known: readonly unknown[], param: string): void {
  if (value === undefined || known.includes(value)) return
  refuseParam(
    param,
    `Invalid value: '${String(value)}'. Supported values are: ${known.join(', ')}.`,
    'invalid_value',
  )
}
