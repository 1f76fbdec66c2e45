// A region of which most machines are away at once is *frozen*: nothing is done there by itself, since most likely it is we who
// see nothing. Whoever acts by himself on machines of a region asks here first.
export {
  deleteFreezes as thawRegions,
  insertFreezes as freezeRegions,
  type RegionFreeze,
  selectFreezes as frozenRegions,
} from './freeze.store.ts'
