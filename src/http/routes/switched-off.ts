import type { Elysia } from 'elysia'
import { ProxyError } from '../../kit/error.ts'
import { HIDDEN } from '../hidden.ts'
import { incomingOf } from '../incoming.ts'

/** Answers a group that a setting switches off: it does not exist, and the 404 says why. */
export function addSwitchedOff(app: Elysia, path: string, setting: string): void {
  const refuse = ({ request }: { readonly request: Request }) => {
    const asked = incomingOf(request).path
    const text = `Path "${asked}" is switched off: set ${setting} to true`
    throw new ProxyError('not_found', text)
  }
  app.all(path, refuse, HIDDEN).all(`${path}/*`, refuse, HIDDEN)
}
