//! A Tcl value.
//!
//! `Obj` holds one reference of a `Tcl_Obj`: cloning takes another, dropping gives it back.
//! It belongs to the thread that made it. Values are never changed, only made and read.

use std::ffi::c_int;
use std::ptr::{self, NonNull};

use super::text;
use crate::ffi;

/// One value.
pub(crate) struct Obj(NonNull<ffi::Tcl_Obj>);

impl Obj {
    /// Takes a reference of what Tcl gave.
    ///
    /// # Safety
    /// `raw` is null or a live object of this thread.
    pub(super) unsafe fn from_raw(raw: *mut ffi::Tcl_Obj) -> Obj {
        match NonNull::new(raw) {
            Some(live) => {
                // SAFETY: alive, by the caller's promise.
                unsafe { ffi::Tcl_DbIncrRefCount(raw, c"fail-tcl".as_ptr(), 0) };
                Obj(live)
            }
            None => Obj::text(""),
        }
    }

    /// For a call into Tcl, which takes references of its own if it needs them.
    pub(super) fn raw(&self) -> *mut ffi::Tcl_Obj {
        self.0.as_ptr()
    }

    /// A string.
    pub(crate) fn text(text: &str) -> Obj {
        let bytes = text::encode(text);
        // SAFETY: Tcl copies `length` bytes; it never answers null, it rather aborts.
        unsafe {
            Obj::from_raw(ffi::Tcl_NewStringObj(
                bytes.as_ptr().cast(),
                size(bytes.len()),
            ))
        }
    }

    /// A list.
    pub(crate) fn list(items: &[Obj]) -> Obj {
        let raw: Vec<_> = items.iter().map(Obj::raw).collect();
        // SAFETY: as many live objects as said; Tcl takes a reference of each.
        unsafe { Obj::from_raw(ffi::Tcl_NewListObj(size(raw.len()), raw.as_ptr())) }
    }

    /// A list of strings.
    pub(crate) fn words<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> Obj {
        let items: Vec<Obj> = items.into_iter().map(|t| Obj::text(t.as_ref())).collect();
        Obj::list(&items)
    }

    /// The value as a string.
    pub(crate) fn to_text(&self) -> String {
        let mut length = 0;
        // SAFETY: the object is alive, so its string is, until the object changes: it is
        // copied before anything else happens.
        let bytes = unsafe {
            let start = ffi::Tcl_GetStringFromObj(self.raw(), &mut length);
            std::slice::from_raw_parts(start.cast::<u8>(), usize::try_from(length).unwrap_or(0))
        };
        text::decode(bytes)
    }

    /// The elements of a list; nothing when it is not one.
    pub(crate) fn elements(&self) -> Option<Vec<Obj>> {
        let (mut count, mut items) = (0, ptr::null_mut());
        // SAFETY: without an interpreter Tcl only answers a code.
        let code = unsafe {
            ffi::Tcl_ListObjGetElements(ptr::null_mut(), self.raw(), &mut count, &mut items)
        };
        // An empty list may come with a null array, which is no slice.
        let count = usize::try_from(count).unwrap_or(0);
        // SAFETY: the array belongs to the object and lives while references are taken.
        (code == ffi::TCL_OK).then(|| unsafe { from_array(count, items) })
    }

    /// The value of a key in a dict; nothing when it has none or is not a dict.
    pub(crate) fn field(&self, key: &str) -> Option<Obj> {
        let key = Obj::text(key);
        let mut value = ptr::null_mut();
        // SAFETY: without an interpreter Tcl only answers a code; `value` stays null when
        // there is no such key.
        unsafe {
            let code = ffi::Tcl_DictObjGet(ptr::null_mut(), self.raw(), key.raw(), &mut value);
            (code == ffi::TCL_OK && !value.is_null()).then(|| Obj::from_raw(value))
        }
    }
}

/// References of all objects in an array.
///
/// # Safety
/// `items` holds `count` live objects of this thread; it may be null when there are none.
pub(super) unsafe fn from_array(count: usize, items: *const *mut ffi::Tcl_Obj) -> Vec<Obj> {
    // SAFETY: by the caller's promise.
    (0..count)
        .map(|i| unsafe { Obj::from_raw(*items.add(i)) })
        .collect()
}

/// A length for Tcl. What is longer than Tcl can say is cut there.
pub(super) fn size(length: usize) -> ffi::Tcl_Size {
    length.try_into().unwrap_or(ffi::Tcl_Size::MAX)
}

impl Clone for Obj {
    fn clone(&self) -> Obj {
        // SAFETY: alive, since we hold a reference.
        unsafe { Obj::from_raw(self.raw()) }
    }
}

impl Drop for Obj {
    fn drop(&mut self) {
        const NOWHERE: c_int = 0;
        // SAFETY: gives back the one reference that we hold.
        unsafe { ffi::Tcl_DbDecrRefCount(self.raw(), c"fail-tcl".as_ptr(), NOWHERE) };
    }
}

impl std::fmt::Debug for Obj {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.to_text(), f)
    }
}

impl From<&str> for Obj {
    fn from(text: &str) -> Obj {
        Obj::text(text)
    }
}

impl From<String> for Obj {
    fn from(text: String) -> Obj {
        Obj::text(&text)
    }
}
