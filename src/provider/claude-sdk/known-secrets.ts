import { Secret } from '../../kit/secret.ts'

/** Variables whose values are keys by their names. */
const KEY_NAME = /(KEY|TOKEN|SECRET|PASSWORD)$/i

/** What Claude Code's words must not tell to a client: keys may have any look, so those that are known count by value. */
export function knownSecrets(
  env: Readonly<Record<string, string>>,
  keys: readonly Secret[],
): readonly Secret[] {
  const named = Object.entries(env).filter(([name]) => KEY_NAME.test(name))
  return [...keys, ...named.map(([, value]) => new Secret(value))]
}
