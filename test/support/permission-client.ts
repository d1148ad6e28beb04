import { type EventListener, listenTo } from './event-listener.ts'
import type { Json } from './fake-reply.ts'

/** Somebody who listens at GET /permissions/stream. */
export interface PermissionListener extends Omit<EventListener, 'event'> {
  /** Waits for so many events of a name and gives what the last of them says. */
  event(name: string, count?: number): Promise<Json>
}

/** Listens at a server, as a dashboard would. */
export async function listenAt(url: string): Promise<PermissionListener> {
  const listener = await listenTo(`${url}/permissions/stream`)
  return {
    ...listener,
    event: async (name, count) => (await listener.event(name, count)).data,
  }
}

/** Answers a request as any HTTP client would. */
export function answer(
  url: string,
  id: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${url}/permissions/${id}/respond`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}
