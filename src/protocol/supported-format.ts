import type { Profile } from './profile.ts'
import type { Note } from './protocol.ts'

/** The form of an answer that was asked for, as far as the upstream has it. */
export function supportedFormat(
  format: Record<string, unknown>,
  { response_format: strongest, name }: Profile,
  notes: Note[],
): Record<string, unknown> | undefined {
  if (strongest === 'none') {
    notes.push(`output_config.format: not supported by "${name}", dropped`)
    return undefined
  }
  if (strongest === 'json_schema' || format.type === 'json_object') return format
  notes.push(`output_config.format: "${name}" knows json_object only, the schema is dropped`)
  return { type: 'json_object' }
}
