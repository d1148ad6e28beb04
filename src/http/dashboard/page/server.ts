/** An answer that is no success, or none at all (status 0). */
export class AnswerError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Asks for JSON. Its shape is that of the schemas in ../../logs/schema.ts: page and server are one version. */
export async function ask<Answer>(path: string, query?: URLSearchParams): Promise<Answer> {
  const response = await send(query === undefined ? path : `${path}?${query}`)
  return response.json()
}

/** Sends the client key for a cookie; tells whether a key is asked for at all. */
export async function signIn(key: string): Promise<boolean> {
  const response = await send('/dashboard/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key }),
  })
  const answer: { key_required: boolean } = await response.json()
  return answer.key_required
}

/** Ends the session of the cookie. */
export async function signOut(): Promise<void> {
  await send('/dashboard/logout', { method: 'POST' })
}

async function send(address: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(address, { ...init, credentials: 'same-origin' }).catch(() => {
    throw new AnswerError(0, 'ccproxy cannot be reached')
  })
  if (response.ok) return response
  throw new AnswerError(response.status, await problemOf(response))
}

async function problemOf(response: Response): Promise<string> {
  const other = `ccproxy answered with HTTP ${response.status}`
  try {
    const { error }: { error?: { message?: string } } = await response.json()
    return error?.message ?? other
  } catch {
    // A proxy between may answer without JSON.
    return other
  }
}
