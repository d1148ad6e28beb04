/**
 * Renders the README's table of settings from the one tree in src/config/schema.ts, between the
 * markers; with `--check` it only says whether the table is fresh.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SettingsSchema } from '../src/config/schema.ts'
import { replaceBetween, settingsTable } from './settings-table.ts'

const readme = join(import.meta.dir, '..', 'README.md')
const before = readFileSync(readme, 'utf8')
const after = replaceBetween(before, 'settings', settingsTable(SettingsSchema))
if (!process.argv.includes('--check')) writeFileSync(readme, after)
else if (after !== before) {
  console.error('README.md does not match src/config/schema.ts: run "bun run docs"')
  process.exit(1)
}
