//! Sources: leaf adapters that read one API each and speak in observations, checks and changes.
//! They know the domain and nothing above; every error says what to do about it.
