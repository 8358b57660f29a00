//! Surgetank in the browser.
