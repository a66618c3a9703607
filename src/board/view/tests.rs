//! Views of incidents in their stages.
