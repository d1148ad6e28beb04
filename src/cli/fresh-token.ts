import { randomBytes } from 'node:crypto'

/** A client key of 256 random bits; never with a leading dash, which a command line would take for a flag. */
export function freshToken(): string {
  const token = randomBytes(32).toString('base64url')
  return token.startsWith('-') ? freshToken() : token
}
