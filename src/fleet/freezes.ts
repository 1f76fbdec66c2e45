// A region of which most machines are away at once is *frozen*: nothing is done there by itself, since most likely it is we who
// see nothing. Whoever acts by himself on machines of a region asks here first. Meanwhile repairs and drain plans wait; a rollout
// replaces nothing more, and fails at nothing; the autoscaler adds and takes nothing away; what expires is not moved off, and stops
// all the same when its time comes; a disk that is low has nobody evicted. What a person asks of one machine or service is done.
export {
  deleteFreezes as thawRegions,
  insertFreezes as freezeRegions,
  type RegionFreeze,
  selectFreezes as frozenRegions,
} from './freeze.store.ts'
