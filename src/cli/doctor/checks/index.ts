import type { CheckGroup } from '../check.ts'
import { CLAUDE } from './claude.ts'
import { CREDENTIALS } from './credentials.ts'
import { MACHINE } from './machine.ts'
import { SERVER } from './server.ts'
import { SETTINGS } from './settings.ts'
import { UPSTREAM } from './upstream.ts'

/** The one list of what the doctor looks at, in the order of its report. */
export const CHECKS: readonly CheckGroup[] = [
  SETTINGS,
  SERVER,
  CREDENTIALS,
  UPSTREAM,
  CLAUDE,
  MACHINE,
]
