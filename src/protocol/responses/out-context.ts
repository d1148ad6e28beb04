import type { ToolNames } from '../messages/tool-names.ts'
import type { Profile } from '../profile.ts'
import type { Note } from '../protocol.ts'

/** What every step of the request's translation needs. */
export interface OutContext {
  readonly profile: Profile
  readonly names: ToolNames
  readonly notes: Note[]
  /** The `detail` asked for an image, by its source: Messages has no word for it. */
  readonly imageDetails: ReadonlyMap<unknown, string>
}
