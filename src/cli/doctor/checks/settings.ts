import { statSync } from 'node:fs'
import { ConfigError } from '../../../config/diagnose.ts'
import { shownPath } from '../../../config/paths.ts'
import { type CheckGroup, type Finding, fine, warn } from '../check.ts'
import type { DoctorWorld } from '../doctor-world.ts'

const OTHERS = 0o077

/** The settings and where they come from. */
export const SETTINGS: CheckGroup = {
  title: 'Settings',
  checks: [
    { name: 'config', cheap: false, run: async (world) => config(world) },
    { name: 'config-mode', cheap: true, run: async (world) => mode(world) },
  ],
}

function config({ settings, context }: DoctorWorld): Finding[] {
  if (settings instanceof ConfigError) {
    const fix = 'correct it; "ccproxy config validate" shows only this'
    return [{ level: 'fail', text: settings.message, fix }]
  }
  const { file, sources, warnings } = settings
  const where = file === undefined ? 'no file' : shownPath(file, context.cwd, context.home)
  const others = [...sources.values()].filter(
    (text) => text !== 'default' && !text.startsWith('file'),
  )
  const more = others.length === 0 ? '' : `, and ${[...new Set(others)].join(', ')}`
  return [
    { level: 'ok', text: `Settings are valid: ${where}${more}` },
    ...warnings.flatMap((text) => warn(text, 'correct or remove it')),
  ]
}

/** A file that holds keys is for its owner alone. */
function mode({ settings, context }: DoctorWorld): Finding[] {
  if (settings instanceof ConfigError || settings.file === undefined) return []
  if (process.platform === 'win32') return []
  const { file, sources } = settings
  const secret = [...sources].some(
    ([key, from]) =>
      from.startsWith('file') && /(api_key|auth_token|tokens|headers\..+)$/.test(key),
  )
  if (!secret) return []
  const { mode: bits } = statSync(file)
  const shown = shownPath(file, context.cwd, context.home)
  if ((bits & OTHERS) === 0) return fine(`${shown} holds keys and is readable by you alone`)
  return warn(`${shown} holds keys and others may read it`, `chmod 600 ${file}`)
}
