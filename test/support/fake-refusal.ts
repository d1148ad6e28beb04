/** A request that the real API would not take. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
  ) {
    super(message)
  }
}

/** Refuses with a 400 as the real API words it: the field, a colon, what is wrong. */
export function refuse(message: string): never {
  throw new Refusal(400, 'invalid_request_error', message)
}

/** Refuses unless a condition holds. */
export function demand(condition: boolean, message: string): asserts condition {
  if (!condition) refuse(message)
}
