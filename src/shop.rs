//! The embedded demo shop: a simulator with ground truth behind a loopback HTTP face.
//! The product reaches it like any other shop, over HTTP; nothing else may call it.
