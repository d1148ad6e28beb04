import { randomUrlText } from '../kit/random-url-text.ts'

/** A client key of 256 random bits; never with a leading dash, which a command line would take for a flag. */
export function freshToken(): string {
  const token = randomUrlText()
  return token.startsWith('-') ? freshToken() : token
}
