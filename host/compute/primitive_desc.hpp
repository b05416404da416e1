// SPDX-License-Identifier: MIT
// Describes primitives to oneDNN 2 and 3, whose constructors differ.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

namespace kairos::host {

/// The layout in which a convolution may want its kernel. oneDNN 3.7 copies some kernels wrongly into layouts
/// that pad channels to a multiple of 16, so such kernels stay as they are.
inline dnnl::memory::format_tag kernel_layout(dnnl::memory::dim channels, dnnl::memory::dim filters,
                                              dnnl::memory::format_tag plain) {
  const bool padded = channels % 16 != 0 || filters % 16 != 0;
  return DNNL_VERSION_MAJOR >= 3 && padded ? plain : dnnl::memory::format_tag::any;
}

/// `operation` is what the constructor of the primitive's `desc` takes in oneDNN 2.
template <class Primitive, class... Operation>
typename Primitive::primitive_desc describe(const dnnl::engine& engine, const Operation&... operation) {
#if DNNL_VERSION_MAJOR < 3
  return {typename Primitive::desc(operation...), engine};
#else
  return {engine, operation...};
#endif
}

template <class Primitive, class... Operation>
typename Primitive::primitive_desc describe_with(const dnnl::primitive_attr& attributes,
                                                 const dnnl::engine& engine, const Operation&... operation) {
#if DNNL_VERSION_MAJOR < 3
  return {typename Primitive::desc(operation...), attributes, engine};
#else
  return {engine, operation..., attributes};
#endif
}

/// `forward` describes the forward pass of the same layer.
template <class Primitive, class Forward, class... Operation>
typename Primitive::primitive_desc describe_backward(const Forward& forward, const dnnl::engine& engine,
                                                     const Operation&... operation) {
#if DNNL_VERSION_MAJOR < 3
  return {typename Primitive::desc(operation...), engine, forward};
#else
  return {engine, operation..., forward};
#endif
}

}  // namespace kairos::host
