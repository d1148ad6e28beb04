import { createLogins, type Logins } from '../../auth/logins.ts'
import { loginsOptions } from '../../config/logins-options.ts'
import type { Settings } from '../../config/schema.ts'
import type { CommandContext } from '../command.ts'
import { remark } from '../style.ts'

/** The plan logins as a command's world and settings make them. */
export function loginsFor(context: CommandContext, settings: Settings): Logins {
  const { env, home, version, oauth } = context
  const shout = (message: string) => remark(context, 'Warning', message)
  return createLogins(loginsOptions(settings, { env, home, version, shout, oauth }))
}
