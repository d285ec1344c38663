// Code generated from openapi.yaml. DO NOT EDIT.
export interface ProductDto {
  sku: string;
  title: string;
}
